-- Calls of which nobody knows how they ended.
-- in: nothing    out: idempotency_key text, operation text, started_at timestamptz
select idempotency_key, operation, started_at from stripe_attempts where outcome is null order by started_at
