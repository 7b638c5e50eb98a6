-- Rows of tax_rates with these keys, as JSON.
-- in: keys text[]    out: key text, row jsonb
select tax_rate_id as key, to_jsonb(t) as row from tax_rates as t where tax_rate_id = any(:keys)
