-- What the journal holds of each fact of Stripe's. Grain: one row per journal entry that moves the Stripe balance, money in transit or unapplied cash.
-- in: ledger.journal_entries, ledger.postings    out: temp table booked
create or replace temp table booked as
select
    e.source,
    e.kind,
    e.currency,
    e.accounting_date,
    e.occurred_at,
    e.invoice_id,
    e.account_id,
    sum(case when p.ledger_account in (1200, 1210) then p.minor else 0 end) as stripe_minor,
    sum(case when p.ledger_account = 1200 and p.minor > 0 then p.minor else 0 end) as pending_in_minor,
    sum(case when p.ledger_account = 1290 then p.minor else 0 end) as transit_minor,
    sum(case when p.ledger_account = 2400 then p.minor else 0 end) as unapplied_minor,
    sum(case when p.ledger_account in (5100, 5110) then p.minor else 0 end) as fee_minor
from ledger.journal_entries e
join ledger.postings p on p.entry_id = e.entry_id
where p.ledger_account in (1200, 1210, 1290, 2400, 5100, 5110)
group by e.source, e.kind, e.currency, e.accounting_date, e.occurred_at, e.invoice_id, e.account_id
