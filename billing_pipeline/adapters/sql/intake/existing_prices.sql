-- Rows of prices with these keys, as JSON.
-- in: keys text[]    out: key text, row jsonb
select price_id as key, to_jsonb(t) as row from prices as t where price_id = any(:keys)
