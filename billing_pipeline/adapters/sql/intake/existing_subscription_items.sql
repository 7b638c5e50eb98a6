-- Rows of subscription_items with these keys, as JSON.
-- in: keys text[]    out: key text, row jsonb
select item_id as key, to_jsonb(t) as row from subscription_items as t where item_id = any(:keys)
