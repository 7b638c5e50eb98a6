-- Writes a credit note.
-- in: credit_note_id, invoice_id, legal_entity_id, number, currency, amount_minor, tax_minor, reason, issued_by, issued_at
-- out: nothing
insert into credit_notes (
    credit_note_id, invoice_id, legal_entity_id, number, currency, amount_minor, tax_minor, reason, issued_by, issued_at
)
values (
    :credit_note_id, :invoice_id, :legal_entity_id, :number, :currency, :amount_minor, :tax_minor, :reason, :issued_by,
    :issued_at
)
