-- One fact, unless its name is already there.
-- in: event_id, source, type, object_type, object_id, fact_key, api_version, idempotency_key text, livemode bool,
--     occurred_at, received_at timestamptz, payload text    out: rows touched (1 new, 0 told before)
insert into inbox (event_id, source, type, object_type, object_id, fact_key, api_version, livemode, occurred_at, received_at,
                   idempotency_key, payload)
values (%(event_id)s, %(source)s, %(type)s, %(object_type)s, %(object_id)s, %(fact_key)s, %(api_version)s, %(livemode)s,
        %(occurred_at)s, %(received_at)s, %(idempotency_key)s, %(payload)s::jsonb)
on conflict (event_id) do nothing
