-- Held mirrors of seat subscriptions that go on for a while.
-- in: limit int    out: account_id text, stripe_subscription_id text, stripe_item_id text
select s.account_id, s.stripe_subscription_id, i.stripe_item_id
from subscriptions s join subscription_items i using (subscription_id)
where s.mirror_state = 'held' and s.state = 'active' and i.valid_to is null and i.stripe_item_id is not null
  and s.cancel_at is null and i.quantity > 1
order by s.subscription_id limit :limit
