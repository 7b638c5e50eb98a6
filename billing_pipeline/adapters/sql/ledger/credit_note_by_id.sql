-- A credit note.
-- in: credit_note_id text    out: number text, amount_minor bigint, invoice_id text
select number, amount_minor, invoice_id from credit_notes where credit_note_id = :credit_note_id
