-- The staged facts, unless their names are already there.
-- in: nothing    out: rows touched
insert into inbox (event_id, source, type, object_type, object_id, fact_key, api_version, livemode, occurred_at, received_at,
                   idempotency_key, payload)
select event_id, source, type, object_type, object_id, fact_key, api_version, livemode, occurred_at, received_at,
       idempotency_key, payload::jsonb
from staged_facts
on conflict (event_id) do nothing
