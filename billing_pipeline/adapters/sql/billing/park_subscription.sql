-- Parks a subscription: nobody bills it until a person has put it right and cleared the reason.
-- in: subscription_id text, reason text    out: nothing
update subscriptions set parked_reason = %(reason)s where subscription_id = %(subscription_id)s
