-- One row per call that moved or could have moved money or a mirror.
-- in: $1 bigint, the watermark: rows written by transactions from it on    out: the columns of the warehouse table ledger.stripe_attempts
select
    attempt_id, operation, subject, attempt, idempotency_key, api_version, method_path, started_at, lease_until,
    unknown_reason, checks, outcome, outcome_at, resolved_by, object_id, fingerprint, http_status, request_id, codes
    ->> 'decline' as decline_code, codes ->> 'advice' as advice_code, remedy
from stripe_attempts
where tx >= $1::bigint::text::xid8
