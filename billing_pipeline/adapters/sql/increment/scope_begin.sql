-- Where an increment begins: what was touched, what waits in the inbox, and what time alone may change. Grain: one row per thing.
-- A customer that came to be after the last cut-off has no older objects than that, and those are touched themselves.
-- in: carried.touched, carried.compared, stripe.*, ledger.stripe_attempts    out: temp table scope (step: when it was found, found_by: in which table)
create or replace temp table scope as
select kind, id, 0 as step, '' as found_by
from (
    select t.kind, t.id
    from carried.touched t
    where t.kind <> 'customer' or t.id not in (
        select c.customer_id from stripe.customers c cross join carried.compared k where c.created_at >= k.cut_off
    )
    union
    select 'charge', charge_id from stripe.charges where balance_transaction_id is null and captured and status = 'succeeded'
    union
    select 'intent', payment_intent_id from stripe.payment_intents where status = 'processing'
    union
    select 'payout', payout_id from stripe.payouts where status in ('pending', 'in_transit')
    union
    select 'invoice', split_part(subject, '#', 1) from ledger.stripe_attempts where outcome is null
) x
