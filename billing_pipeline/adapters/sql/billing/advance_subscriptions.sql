-- Moves subscriptions on to their next boundary.
-- in: subscriptions text, nexts text ('none' for no further one), both joined by chr(31)    out: nothing
update subscriptions as s
set next_period_start = w.next_period_start
from unnest(
    string_to_array(:subscriptions, chr(31)), cast(string_to_array(:nexts, chr(31), 'none') as timestamptz[])
) as w (subscription_id, next_period_start)
where s.subscription_id = w.subscription_id
