-- Bills a parked subscription again, with the next run.
-- in: subscription_id text    out: rows touched
update subscriptions set parked_reason = null where subscription_id = :subscription_id and parked_reason is not null
