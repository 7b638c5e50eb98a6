-- When the newest collection of the invoice may be tried again; null takes the wish back.
-- in: invoice_id text, seq int, until timestamptz or null
update collections set retry_at = :until where invoice_id = :invoice_id and seq = :seq
