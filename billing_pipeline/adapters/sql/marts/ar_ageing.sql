-- What is owed and for how long, by the day of the last extraction in the zone of the closes. Grain: one row per open invoice.
-- in: ledger.invoices, meta.freshness, meta.publication    out: table marts.ar_ageing
create or replace table marts.ar_ageing as
with as_of as (
    select cast(max(f.landed_at at time zone p.zone) as date) as day
    from meta.freshness f
    cross join meta.publication p
    where f.table_name = 'ledger.invoices'
)
select
    i.invoice_id,
    i.number,
    i.account_id,
    i.state,
    i.currency,
    i.due_minor - i.paid_minor - i.credited_minor as open_minor,
    i.issued_on,
    i.due_on,
    greatest(date_diff('day', i.due_on, a.day), 0) as days_overdue,
    case
        when a.day <= i.due_on then 'not due'
        when date_diff('day', i.due_on, a.day) <= 30 then '1 to 30'
        when date_diff('day', i.due_on, a.day) <= 60 then '31 to 60'
        when date_diff('day', i.due_on, a.day) <= 90 then '61 to 90'
        else 'over 90'
    end as bucket,
    i.collection_method
from ledger.invoices i
cross join as_of a
where i.state in ('pending', 'overdue')
order by i.due_on, i.invoice_id
