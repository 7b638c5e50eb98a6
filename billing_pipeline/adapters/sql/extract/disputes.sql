-- One row per dispute that was applied to the books.
-- in: $1 bigint, the watermark: rows written by transactions from it on    out: the columns of the warehouse table ledger.disputes
select
    dispute_id, payment_id, charge_id, currency, amount_minor, status, reason, fee_minor, created_at
from disputes
where tx >= $1::bigint::text::xid8
