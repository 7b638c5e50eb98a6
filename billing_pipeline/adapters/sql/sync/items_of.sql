-- The items of subscriptions, former versions included.
-- in: subscriptions text[]    out: the columns of billing/items_of, one row per version of an item
select item_id, subscription_id, price_id, quantity, valid_from, valid_to
from subscription_items
where subscription_id = any(cast(:subscriptions as text[]))
order by subscription_id, item_id
