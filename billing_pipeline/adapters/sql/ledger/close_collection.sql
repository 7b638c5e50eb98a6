-- Closes the invoice's open collection because less is owed now; its intent is canceled by whoever collects.
-- in: invoice text, now timestamptz    out: nothing
update collections set closed_at = :now, close_reason = 'credited'
where invoice_id = :invoice and closed_at is null
