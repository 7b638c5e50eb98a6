-- The due subscriptions of claimed accounts, locked, with the tile before their next boundary and their first open change.
-- Read after the claim: another worker may have billed them between the claim's snapshot and its lock.
-- One that somebody else is changing right now is left for the next run.
-- in: accounts text (ids joined by chr(31)), until timestamptz    out: one row per subscription
select s.subscription_id, s.account_id, s.currency, s.state, s.interval, s.interval_count, s.anchor_on, s.zone,
    s.started_at, s.trial_end, s.trial_needs_card, s.next_period_start, s.cancel_at, s.canceled_at, s.ended_at,
    s.paused_at, s.resumes_at, s.suspended_at, s.charger,
    b.period_start as last_start, b.period_end as last_end, b.charger as last_charger,
    (select min(c.effective_at) from subscription_changes as c
        where c.subscription_id = s.subscription_id and c.applied_at is null and c.refused_reason is null) as change_at,
    s.state <> 'trialing' or not s.trial_needs_card or exists (
        select from payment_methods as m
        where m.account_id = s.account_id and m.is_default and m.detached_at is null) as has_card
from subscriptions as s
left join lateral (
    select period_start, period_end, charger from billed_periods
    where subscription_id = s.subscription_id and period_end = s.next_period_start limit 1
) as b on true
where s.account_id = any(string_to_array(:accounts, chr(31))) and s.next_period_start <= :until and s.parked_reason is null
    and s.charger = 'engine'
order by s.account_id, s.subscription_id
for no key update of s skip locked
