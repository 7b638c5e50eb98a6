-- The mirrors' items of subscriptions.
-- in: subscriptions text[]    out: item_id text, stripe_item_id text
select item_id, stripe_item_id from subscription_items
where subscription_id = any(cast(:subscriptions as text[])) and stripe_item_id is not null
