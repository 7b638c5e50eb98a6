-- Ends every open hold on an account or an invoice.
-- in: id text, now timestamptz    out: rows touched
update dunning_holds set ended_at = :now
where ended_at is null and (account_id = :id or invoice_id = :id)
