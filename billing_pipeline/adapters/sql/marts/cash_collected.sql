-- Cash that came in and went back, as booked, by accounting day. Grain: one row per day, currency and method of payment.
-- in: ledger.journal_entries, ledger.postings, ledger.payments    out: table marts.cash_collected
create or replace table marts.cash_collected as
select
    e.accounting_date as date,
    e.currency,
    coalesce(p.method, 'refund') as method,
    cast(sum(case when e.kind = 'payment' then x.minor else 0 end) as bigint) as collected_minor,
    cast(sum(case when e.kind <> 'payment' then -x.minor else 0 end) as bigint) as returned_minor,
    cast(sum(x.minor) as bigint) as net_minor,
    count(distinct e.entry_id) as entries
from ledger.journal_entries e
join ledger.postings x on x.entry_id = e.entry_id and x.ledger_account in (1000, 1200)
left join ledger.payments p on e.source in ('payment:' || p.charge_id, 'payment:' || p.payment_id)
where e.kind in ('payment', 'refund', 'refund_failed', 'payment_returned')
group by e.accounting_date, e.currency, coalesce(p.method, 'refund')
order by date, currency, method
