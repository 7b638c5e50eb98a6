-- What is known of a mirror after it was looked at; nulls leave what is there.
-- in: subscription_id text, state text, reason text, digest text or null, stripe_id text or null    out: nothing
update subscriptions
set mirror_state = :state, mirror_reason = :reason, mirror_digest = coalesce(:digest, mirror_digest),
    stripe_subscription_id = coalesce(:stripe_id, stripe_subscription_id)
where subscription_id = :subscription_id
