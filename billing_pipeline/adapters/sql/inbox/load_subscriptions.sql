-- Subscriptions by our id or by their mirror's, locked.
-- in: subscriptions text[], mirrors text[]    out: the columns of flows.ports.event_rows.SubscriptionRow
select subscription_id, account_id, state, charger, stripe_subscription_id, mirror_state, suspended_at is not null as suspended
from subscriptions
where subscription_id = any(cast(:subscriptions as text[])) or stripe_subscription_id = any(cast(:mirrors as text[]))
order by subscription_id
for no key update
