-- The attempts now written down. One that is open already, or was made before, is left out.
-- in: rows jsonb text ([{operation, subject, attempt, key, method_path, request_json, fingerprint, prior_charge_id}]),
--     api_version text, now timestamptz, lease_until timestamptz
-- out: attempt_id bigint, operation text, subject text, idempotency_key text, method_path text, request_json text,
--      started_at timestamptz, unknown_reason text, checks bigint, prior_charge_id text
insert into stripe_attempts
    (operation, subject, attempt, idempotency_key, api_version, method_path, request_json, fingerprint, prior_charge_id,
     started_at, lease_until)
select r.operation, r.subject, r.attempt, r.key, :api_version, r.method_path, r.request_json, r.fingerprint,
       r.prior_charge_id, :now, :lease_until
from jsonb_to_recordset(cast(:rows as jsonb)) as r (
    operation text, subject text, attempt bigint, key text, method_path text, request_json text,
    fingerprint text, prior_charge_id text
)
on conflict do nothing
returning attempt_id, operation, subject, idempotency_key, method_path, request_json, started_at, unknown_reason, checks,
          prior_charge_id
