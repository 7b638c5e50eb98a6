-- One row per payment, by Stripe or by hand.
-- in: $1 bigint, the watermark: rows written by transactions from it on    out: the columns of the warehouse table ledger.payments
select
    payment_id, account_id, invoice_id, method, payment_intent_id, charge_id, balance_transaction_id, currency,
    amount_minor, applied_minor, fee_minor, refunded_minor, disputed, succeeded_at, reversed_at, tx::text::bigint as
    tx
from payments
where tx >= $1::bigint::text::xid8
