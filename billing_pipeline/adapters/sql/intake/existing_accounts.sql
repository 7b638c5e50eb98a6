-- Rows of accounts with these keys, as JSON.
-- in: keys text[]    out: key text, row jsonb
select account_id as key, to_jsonb(t) as row from accounts as t where account_id = any(:keys)
