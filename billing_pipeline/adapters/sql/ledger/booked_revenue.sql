-- Revenue in the books so far, and the last day of service that it covers.
-- in: zone text    out: currency text, minor bigint, last_day date
select e.currency, (-sum(p.minor))::bigint as minor, max((e.occurred_at at time zone :zone)::date) as last_day
from journal_entries as e
join postings as p using (entry_id)
where e.kind = 'revenue_recognised' and p.ledger_account = 4000
group by e.currency
order by e.currency
