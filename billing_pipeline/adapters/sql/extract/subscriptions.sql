-- One row per subscription.
-- in: $1 bigint, the watermark: rows written by transactions from it on    out: the columns of the warehouse table ledger.subscriptions
select
    subscription_id, account_id, currency, state, interval, interval_count, anchor_on, started_at, trial_end,
    next_period_start, cancel_at, canceled_at, ended_at, paused_at, suspended_at, charger, stripe_subscription_id,
    mirror_state, parked_reason
from subscriptions
where tx >= $1::bigint::text::xid8
