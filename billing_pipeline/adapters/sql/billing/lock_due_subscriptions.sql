-- The due subscriptions of claimed accounts, locked. One that somebody else is changing right now is left for the next run.
-- in: accounts text (ids joined by chr(31)), until timestamptz    out: subscription_id text
select s.subscription_id
from subscriptions as s
where s.account_id = any(string_to_array(:accounts, chr(31))) and s.next_period_start <= :until and s.parked_reason is null
    and s.charger = 'engine'
order by s.account_id, s.subscription_id
for no key update of s skip locked
