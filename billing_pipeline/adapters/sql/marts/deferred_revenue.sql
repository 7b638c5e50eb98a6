-- Deferred revenue as booked: what invoices added to it (less the unused time they give back), what was earned (what revenue got of it), what credit notes, write-offs and voids took back, and what is left at the end. Grain: one row per accounting month and currency.
-- in: ledger.journal_entries, ledger.postings    out: table marts.deferred_revenue
create or replace table marts.deferred_revenue as
with moved as (
    select
        cast(date_trunc('month', e.accounting_date) as date) as month,
        e.currency,
        cast(sum(case when e.kind in ('revenue_recognised', 'credit_note_issued', 'written_off', 'invoice_voided') then 0
            else -p.minor end) as bigint) as added_minor,
        cast(sum(case when e.kind = 'revenue_recognised' then p.minor else 0 end) as bigint) as earned_minor,
        cast(sum(case when e.kind in ('credit_note_issued', 'written_off', 'invoice_voided') then p.minor else 0 end) as bigint)
            as taken_back_minor
    from ledger.journal_entries e
    join ledger.postings p on p.entry_id = e.entry_id and p.ledger_account = 2100
    group by cast(date_trunc('month', e.accounting_date) as date), e.currency
)
select
    month,
    currency,
    added_minor,
    earned_minor,
    taken_back_minor,
    cast(sum(added_minor - earned_minor - taken_back_minor) over (partition by currency order by month) as bigint)
        as closing_minor
from moved
order by month, currency
