-- Facts, unless their names are already there: one statement for all, which costs half of one statement each.
-- in: facts text (a JSON array of objects, as staged_facts has its columns; payload is JSON text within)
-- out: rows touched (new ones; told before are none)
insert into inbox (event_id, source, type, object_type, object_id, fact_key, api_version, livemode, occurred_at, received_at,
                   idempotency_key, payload)
select event_id, source, type, object_type, object_id, fact_key, api_version, livemode, occurred_at, received_at,
       idempotency_key, payload::jsonb
from json_to_recordset(%(facts)s::json) as told (
    event_id text, source text, type text, object_type text, object_id text, fact_key text, api_version text, livemode boolean,
    occurred_at timestamptz, received_at timestamptz, idempotency_key text, payload text
)
on conflict (event_id) do nothing
