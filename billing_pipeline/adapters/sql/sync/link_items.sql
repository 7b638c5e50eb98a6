-- The items of a mirror by ours; items of an earlier mirror lose theirs.
-- in: subscription_id text, items text[], stripe_items text[]    out: rows touched
update subscription_items as i
set stripe_item_id = n.stripe_item_id
from subscription_items as o
left join unnest(cast(:items as text[]), cast(:stripe_items as text[])) as n (item_id, stripe_item_id) using (item_id)
where o.subscription_id = :subscription_id and i.item_id = o.item_id and i.stripe_item_id is distinct from n.stripe_item_id
