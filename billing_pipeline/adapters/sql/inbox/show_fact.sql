-- One fact, whole, by its name or number.
-- in: fact text    out: all columns of inbox but tx, payload as text
select inbox_id, event_id, source, type, object_type, object_id, fact_key, api_version, livemode, occurred_at, received_at,
       idempotency_key, state, attempts, reason, applied_at, payload::text as payload
from inbox
where event_id = :fact or inbox_id::text = :fact
