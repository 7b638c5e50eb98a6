-- Rows of invoices with these keys, as JSON.
-- in: keys text[]    out: key text, row jsonb
select invoice_id as key, to_jsonb(t) as row from invoices as t where invoice_id = any(:keys)
