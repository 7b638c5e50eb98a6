-- Attempts whose outcome is to be asked for now, each for one process: the lease keeps others off.
-- A lease that ran out without an outcome is a crash between saying and writing.
-- in: operations text[], now timestamptz, lease_until timestamptz, limit int
-- out: attempt_id bigint, operation text, subject text, idempotency_key text, method_path text, request_json text,
--      started_at timestamptz, unknown_reason text, checks bigint, prior_charge_id text
update stripe_attempts
set lease_until = :lease_until
where attempt_id in (
    select attempt_id from stripe_attempts
    where outcome is null and lease_until <= :now and operation = any(:operations)
    order by lease_until, attempt_id
    limit :limit
    for update skip locked
)
returning attempt_id, operation, subject, idempotency_key, method_path, request_json, started_at, unknown_reason, checks,
          prior_charge_id
