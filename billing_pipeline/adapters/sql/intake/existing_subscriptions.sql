-- Rows of subscriptions with these keys, as JSON.
-- in: keys text[]    out: key text, row jsonb
select subscription_id as key, to_jsonb(t) as row from subscriptions as t where subscription_id = any(:keys)
