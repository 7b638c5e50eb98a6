-- Gives an item another price, quantity or end.
-- in: item_id text, price_id text, quantity bigint, valid_from timestamptz, valid_to timestamptz or null    out: nothing
update subscription_items
set price_id = %(price_id)s, quantity = %(quantity)s, valid_from = %(valid_from)s, valid_to = %(valid_to)s
where item_id = %(item_id)s
