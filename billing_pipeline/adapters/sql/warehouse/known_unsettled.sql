-- Objects whose state may still change. Grain: one row per object.
-- in: stripe.*    out: object_type text, object_id text, created_at timestamptz
select 'payment_intent' as object_type, payment_intent_id as object_id, created_at
from stripe.payment_intents
where status not in ('succeeded', 'canceled')
union all
select 'charge', charge_id, created_at
from stripe.charges
where status = 'succeeded' and captured and balance_transaction_id is null
union all
select 'refund', refund_id, created_at
from stripe.refunds
where status in ('pending', 'requires_action')
union all
select 'dispute', dispute_id, created_at
from stripe.disputes
where status not in ('won', 'lost', 'warning_closed', 'prevented')
union all
select 'payout', payout_id, created_at
from stripe.payouts
where (status in ('pending', 'in_transit') or (automatic and status = 'paid' and reconciliation_status <> 'completed'))
order by created_at, object_type, object_id
