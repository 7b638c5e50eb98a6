-- What the journal holds of each fact of Stripe's. Grain: one row per journal entry that moves the Stripe balance, money in transit or unapplied cash.
-- Entries about money that became available only move it within the Stripe balance: they are left out.
-- in: ledger.journal_entries, ledger.postings    out: temp table booked
create or replace temp table booked as
with sums as (
    select
        p.entry_id,
        cast(sum(case when p.ledger_account in (1200, 1210) then p.minor else 0 end) as bigint) as stripe_minor,
        cast(sum(case when p.ledger_account = 1200 and p.minor > 0 then p.minor else 0 end) as bigint) as pending_in_minor,
        cast(sum(case when p.ledger_account = 1290 then p.minor else 0 end) as bigint) as transit_minor,
        cast(sum(case when p.ledger_account = 2400 then p.minor else 0 end) as bigint) as unapplied_minor,
        cast(sum(case when p.ledger_account in (5100, 5110) then p.minor else 0 end) as bigint) as fee_minor
    from ledger.postings p
    where p.ledger_account in (1200, 1210, 1290, 2400, 5100, 5110)
        and p.entry_id in (select entry_id from ledger.journal_entries where kind <> 'available')
    group by p.entry_id
)
select
    e.source,
    e.kind,
    e.currency,
    e.accounting_date,
    e.occurred_at,
    e.invoice_id,
    e.account_id,
    s.stripe_minor,
    s.pending_in_minor,
    s.transit_minor,
    s.unapplied_minor,
    s.fee_minor
from sums s
join ledger.journal_entries e on e.entry_id = s.entry_id
