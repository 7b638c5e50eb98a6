-- How the mirrors of subscriptions stand. A touched one is marked with '?', so that the sync looks at it.
-- in: subscription_id text[], mirror_state text[], touched bool[]    out: rows touched
update subscriptions
set mirror_state = new.mirror_state,
    mirror_digest = case when new.touched then '?' || ltrim(mirror_digest, '?') else mirror_digest end
from unnest(cast(:subscription_id as text[]), cast(:mirror_state as text[]), cast(:touched as boolean[]))
    as new (subscription_id, mirror_state, touched)
where subscriptions.subscription_id = new.subscription_id
