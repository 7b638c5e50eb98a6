-- One row per invoice.
-- in: $1 bigint, the watermark: rows written by transactions from it on    out: the columns of the warehouse table ledger.invoices
select
    invoice_id, account_id, subscription_id, legal_entity_id, number, kind, state, currency, subtotal_minor,
    discount_minor, tax_minor, total_minor, previous_balance_minor, credits_minor, carried_minor, due_minor,
    paid_minor, credited_minor, refunded_minor, disputed, charger, collection_method, stripe_invoice_id,
    period_start, period_end, issued_at, issued_on, due_on, paid_at, voided_at, written_off_at, run_id
from invoices
where tx >= $1::bigint::text::xid8
