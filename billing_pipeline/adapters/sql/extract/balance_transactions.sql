-- One row per balance transaction that was applied to the books.
-- in: $1 bigint, the watermark: rows written by transactions from it on    out: the columns of the warehouse table ledger.balance_transactions
select
    balance_transaction_id, type, reporting_category, source_id, payout_id, currency, amount_minor, fee_minor,
    net_minor, exchange_rate, available_on, status, created_at, booked_at
from balance_transactions
where tx >= $1::bigint::text::xid8
