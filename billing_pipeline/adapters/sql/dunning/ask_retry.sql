-- Asks for another try of an invoice's open collection.
-- in: invoice_id text, now timestamptz    out: rows touched (0: it has none)
update collections set retry_at = :now where invoice_id = :invoice_id and closed_at is null
