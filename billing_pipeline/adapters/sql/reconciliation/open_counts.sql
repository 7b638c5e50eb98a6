-- How many divergences are open, by kind and severity.
-- in: nothing    out: kind text, severity text, divergences bigint
select kind, severity, count(*) as divergences from divergences where state = 'open' group by kind, severity order by kind
