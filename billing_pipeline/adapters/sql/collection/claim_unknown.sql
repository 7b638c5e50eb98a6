-- Attempts whose outcome is to be asked for now, each for one process: the lease keeps others off.
-- A lease that ran out without an outcome is a crash between saying and writing.
-- in: operations text[], now timestamptz, lease_until timestamptz, limit int
-- out: attempt_id bigint, operation text, subject text, idempotency_key text, method_path text, request_json text,
--      started_at timestamptz, unknown_reason text, checks bigint, prior_charge_id text,
--      owed bool (false where the collection of a charge or confirm was closed since)
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
          prior_charge_id,
          operation not in ('charge', 'confirm') or not exists (
              select from collections as c
              where c.invoice_id = substring(subject from '^(.*)#[0-9]+$')
                and c.seq = cast(substring(subject from '#([0-9]+)$') as bigint) and c.closed_at is not null
          ) as owed
