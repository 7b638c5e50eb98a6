-- One row per credit note.
-- in: $1 bigint, the watermark: rows written by transactions from it on    out: the columns of the warehouse table ledger.credit_notes
select
    credit_note_id, invoice_id, number, currency, amount_minor, tax_minor, reason, issued_at
from credit_notes
where tx >= $1::bigint::text::xid8
