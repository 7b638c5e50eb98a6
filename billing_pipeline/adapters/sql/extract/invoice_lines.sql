-- One row per invoice line; lines never change after their invoice is issued.
-- in: $1 bigint, the watermark: rows written by transactions from it on    out: the columns of the warehouse table ledger.invoice_lines
select
    l.invoice_id, l.line_no, l.kind, l.description, l.price_id, l.quantity, l.amount_minor, l.discount_minor,
    l.tax_minor, l.tax_rate_id, l.period_start, l.period_end
from invoice_lines l
join invoices i using (invoice_id)
where i.tx >= $1::bigint::text::xid8
