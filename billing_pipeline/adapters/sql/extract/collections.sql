-- One row per attempt to collect an invoice through one payment intent.
-- in: $1 bigint, the watermark: rows written by transactions from it on    out: the columns of the warehouse table ledger.collections
select
    invoice_id, seq, amount_minor, currency, payment_intent_id, status, failures, last_codes ->> 'decline' as
    last_decline, last_failed_at, retry_at, opened_at, closed_at, close_reason
from collections
where tx >= $1::bigint::text::xid8
