-- Where the entries about the things in scope are: one narrow look. Grain: one row per journal entry.
-- Those that move unapplied cash of an invoice are found by it: their source does not always name a thing of Stripe's.
-- in: ledger.journal_entries, scope    out: temp table entries_found
create or replace temp table entries_found as
select e.rowid as row_no
from ledger.journal_entries e
where e.source in (
    select p.prefix || ':' || s.id
    from (select distinct id from scope where kind in ('charge', 'refund', 'dispute', 'txn', 'payout')) s
    cross join (
        select unnest([
            'payment', 'refund', 'refund_failed', 'fee', 'stripe_fee', 'dispute', 'dispute_lost', 'payout', 'payout_failed'
        ]) as prefix
    ) p
)
    or (
        e.kind in ('payment_returned', 'dispute_regained', 'invoice_voided', 'credit_granted')
        and e.invoice_id in (select id from scope where kind = 'invoice')
    )
