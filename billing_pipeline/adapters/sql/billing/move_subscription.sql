-- Writes a subscription that a trial's end, a change or its own end has moved.
-- in: subscription_id, state, anchor_on, next_period_start, trial_end, trial_without_card, cancel_at, canceled_at, ended_at, paused_at,
--     resumes_at, suspended_at    out: nothing
update subscriptions
set state = %(state)s, anchor_on = %(anchor_on)s, next_period_start = %(next_period_start)s, trial_end = %(trial_end)s,
    trial_without_card = %(trial_without_card)s, cancel_at = %(cancel_at)s, canceled_at = %(canceled_at)s, ended_at = %(ended_at)s, paused_at = %(paused_at)s,
    resumes_at = %(resumes_at)s, suspended_at = %(suspended_at)s
where subscription_id = %(subscription_id)s
