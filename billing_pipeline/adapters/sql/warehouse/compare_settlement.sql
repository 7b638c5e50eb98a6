-- What takes longer than it should: a charge without balance transaction, a debit in processing, a payout under way. Grain: one row per object.
-- in: stripe.charges, stripe.payment_intents, stripe.payouts, ours_payments, cut    out: the columns of a finding
select
    case when c.created_at > cut.late_before then 'late_settlement' else 'fee_unbooked' end as kind,
    c.charge_id as subject,
    p.invoice_id,
    p.payment_intent_id,
    p.account_id,
    c.currency,
    c.captured_minor as amount_minor,
    'paid' as ours,
    'no balance transaction' as theirs,
    c.charge_id as evidence
from stripe.charges c
cross join cut
join ours_payments p on p.payment_intent_id = c.payment_intent_id and p.paid
where c.status = 'succeeded'
    and c.captured
    and c.balance_transaction_id is null
    and c.created_at <= cut.settlement_before
union all
select
    'late_settlement',
    t.payment_intent_id,
    p.invoice_id,
    t.payment_intent_id,
    p.account_id,
    t.currency,
    t.amount_minor,
    p.status,
    'processing since ' || cast(t.created_at as varchar),
    t.payment_intent_id
from stripe.payment_intents t
cross join cut
join ours_payments p on p.payment_intent_id = t.payment_intent_id
where t.status = 'processing' and t.created_at <= cut.processing_before
union all
select
    case when o.arrival_at > cut.late_before then 'late_settlement' else 'payout_mismatch' end,
    o.payout_id,
    cast(null as varchar),
    cast(null as varchar),
    cast(null as varchar),
    o.currency,
    o.amount_minor,
    'on its way',
    o.status || ', to arrive ' || cast(cast(o.arrival_at as date) as varchar),
    o.payout_id
from stripe.payouts o
cross join cut
where o.status in ('pending', 'in_transit') and o.arrival_at <= cut.payout_before
