-- Every subscription that has, or may have, a mirror, and whether that must be held.
-- in: nothing    out: subscription_id, account_id, stripe_id text ('' for none), held bool, charger, state text
select subscription_id, account_id, coalesce(stripe_subscription_id, '') as stripe_id,
    charger = 'engine' or state = 'paused' or suspended_at is not null as held, charger, mirror_state as state
from subscriptions
where stripe_subscription_id is not null or mirror_state <> 'none' or mirror_reason <> ''
    or exists (select from stripe_attempts as a where a.operation = 'mirror' and a.subject = subscriptions.subscription_id)
order by subscription_id
