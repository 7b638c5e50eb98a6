-- Where many facts land before they enter the inbox; empty again after each transaction.
-- in: nothing    out: nothing
create temporary table if not exists staged_facts (
    event_id text, source text, type text, object_type text, object_id text, fact_key text, api_version text, livemode boolean,
    occurred_at timestamptz, received_at timestamptz, idempotency_key text, payload text
) on commit delete rows
