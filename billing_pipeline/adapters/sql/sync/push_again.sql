-- Has the mirror brought in step by the next run.
-- in: subscription_id text    out: rows touched
update subscriptions set mirror_digest = '' where subscription_id = :subscription_id
