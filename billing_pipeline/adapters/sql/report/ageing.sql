-- What is owed, by age; as of the publication.
-- in: $month (only to be bound)    out: bucket text, currency text, invoices bigint, open_minor bigint
select bucket, currency, count(*) as invoices, cast(sum(open_minor) as bigint) as open_minor
from marts.ar_ageing
where $month is not null
group by bucket, currency
order by currency, min(days_overdue)
