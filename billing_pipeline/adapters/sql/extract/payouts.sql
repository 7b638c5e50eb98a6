-- One row per payout that was applied to the books.
-- in: $1 bigint, the watermark: rows written by transactions from it on    out: the columns of the warehouse table ledger.payouts
select
    payout_id, currency, amount_minor, status, automatic, method, arrival_on, reconciliation_status, created_at
from payouts
where tx >= $1::bigint::text::xid8
