-- One row per refund that was applied to the books.
-- in: $1 bigint, the watermark: rows written by transactions from it on    out: the columns of the warehouse table ledger.refunds
select
    refund_id, payment_id, charge_id, currency, amount_minor, status, reason, failure_reason, created_at
from refunds
where tx >= $1::bigint::text::xid8
