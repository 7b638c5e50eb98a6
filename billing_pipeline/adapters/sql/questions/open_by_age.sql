-- Who owes how long. Grain: one row per bucket of age and currency; minor units.
-- in: nothing    out: bucket varchar, currency varchar, invoices bigint, open_minor bigint
select bucket, currency, count(*) as invoices, sum(open_minor)::bigint as open_minor from marts.ar_ageing group by all order by all
