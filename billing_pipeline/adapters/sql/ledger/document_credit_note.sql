-- A credit note, by its id or its number.
-- in: credit_note text    out: credit_note_id, number, invoice_id, currency, amount_minor, tax_minor, reason, issued_at
select credit_note_id, number, invoice_id, currency, amount_minor, tax_minor, reason, issued_at
from credit_notes
where credit_note_id = :credit_note or number = :credit_note
order by credit_note_id = :credit_note desc
limit 1
