-- A person asks for another try of the invoice's newest collection.
-- in: invoice_id text, now timestamptz
update collections
set retry_at = :now
where (invoice_id, seq) = (
    select invoice_id, seq from collections where invoice_id = :invoice_id order by seq desc limit 1
)
