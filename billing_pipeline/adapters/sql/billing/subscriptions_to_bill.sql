-- Subscriptions as they stand, with the last tile of their time line and their first open change. Read after they were locked:
-- another worker may have billed them between the snapshot of the claim and its locks.
-- in: subscriptions text (ids joined by chr(31))    out: one row per subscription
select s.subscription_id, s.account_id, s.currency, s.state, s.interval, s.interval_count, s.anchor_on, s.zone,
    s.started_at, s.trial_end, s.trial_without_card, s.next_period_start, s.cancel_at, s.canceled_at, s.ended_at,
    s.paused_at, s.resumes_at, s.suspended_at, s.charger,
    b.period_start as last_start, b.period_end as last_end, b.charger as last_charger,
    case when b.charger = 'none' then not exists (
        select from billed_periods as p where p.subscription_id = s.subscription_id and p.charger <> 'none'
    ) else false end as none_yet,
    (select min(c.effective_at) from subscription_changes as c
        where c.subscription_id = s.subscription_id and c.applied_at is null and c.refused_reason is null) as change_at,
    s.state <> 'trialing' or s.trial_without_card = 'create_invoice' or exists (
        select from payment_methods as m
        where m.account_id = s.account_id and m.is_default and m.detached_at is null) as has_card
from subscriptions as s
left join lateral (
    select period_start, period_end, charger from billed_periods
    where subscription_id = s.subscription_id order by period_start desc limit 1
) as b on true
where s.subscription_id = any(string_to_array(:subscriptions, chr(31)))
order by s.account_id, s.subscription_id
