-- The collections that are now ours to charge: opened, or open already with their wish for a retry used up.
-- A collection that another process opened at the same moment is not returned.
-- in: rows jsonb text ([{invoice_id, seq, amount_minor, currency, failures, codes, failed_at, retry_at}]), now timestamptz
-- out: invoice_id text, seq int
insert into collections as kept
    (invoice_id, seq, amount_minor, currency, failures, last_codes, last_failed_at, retry_at, opened_at)
select r.invoice_id, r.seq, r.amount_minor, r.currency, r.failures, r.codes, r.failed_at, r.retry_at, :now
from jsonb_to_recordset(cast(:rows as jsonb)) as r (
    invoice_id text, seq int, amount_minor bigint, currency text, failures bigint, codes jsonb,
    failed_at timestamptz, retry_at timestamptz
)
on conflict (invoice_id, seq) do update
set retry_at = excluded.retry_at,
    amount_minor = case when kept.payment_intent_id is null then excluded.amount_minor else kept.amount_minor end,
    failures = kept.failures + excluded.failures,
    last_codes = case when excluded.failures > 0 then excluded.last_codes else kept.last_codes end,
    last_failed_at = coalesce(excluded.last_failed_at, kept.last_failed_at)
where kept.closed_at is null
returning invoice_id, seq
