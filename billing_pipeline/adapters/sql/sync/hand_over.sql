-- Sets who charges from the boundary on, unless that was billed or moved meanwhile.
-- in: subscription_id text, boundary timestamptz, charger text    out: rows touched
update subscriptions set charger = :charger
where subscription_id = :subscription_id and next_period_start = :boundary
    and not exists (select from billed_periods as b where b.subscription_id = :subscription_id and b.period_start = :boundary)
