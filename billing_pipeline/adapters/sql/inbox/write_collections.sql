-- Collections as facts left them; the wish for a retry is not theirs to touch.
-- in: invoice_id text[], seq int[], payment_intent_id, status text[], failures bigint[], last_codes, failed_charges text[]
--     (JSON), last_failed_at, closed_at timestamptz[], close_reason text[]    out: rows touched
update collections
set payment_intent_id = new.payment_intent_id, status = new.status, failures = new.failures,
    last_codes = new.last_codes::jsonb, failed_charges = new.failed_charges::jsonb, last_failed_at = new.last_failed_at,
    closed_at = new.closed_at, close_reason = new.close_reason
from unnest(
    cast(:invoice_id as text[]), cast(:seq as int[]), cast(:payment_intent_id as text[]), cast(:status as text[]),
    cast(:failures as bigint[]), cast(:last_codes as text[]), cast(:failed_charges as text[]),
    cast(:last_failed_at as timestamptz[]), cast(:closed_at as timestamptz[]), cast(:close_reason as text[])
) as new (invoice_id, seq, payment_intent_id, status, failures, last_codes, failed_charges, last_failed_at, closed_at,
          close_reason)
where collections.invoice_id = new.invoice_id and collections.seq = new.seq
