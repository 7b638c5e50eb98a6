-- The items of subscriptions, former versions included: their usage may still have to be billed.
-- in: subscriptions text (ids joined by chr(31))    out: one row per version of an item
select item_id, subscription_id, price_id, quantity, valid_from, valid_to
from subscription_items
where subscription_id = any(string_to_array(:subscriptions, chr(31)))
order by subscription_id, item_id
