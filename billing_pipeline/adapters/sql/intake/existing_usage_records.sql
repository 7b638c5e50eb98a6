-- Rows of usage_records with these keys, as JSON.
-- in: keys text[]    out: key text, row jsonb
select usage_key as key, to_jsonb(t) as row from usage_records as t where usage_key = any(:keys)
