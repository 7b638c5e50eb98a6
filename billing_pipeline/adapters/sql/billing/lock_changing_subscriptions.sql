-- The subscriptions of claimed accounts that have changes due, locked.
-- One that somebody else is changing right now is left for the next run.
-- in: accounts text (ids joined by chr(31)), until timestamptz    out: subscription_id text
select s.subscription_id
from subscriptions as s
where s.account_id = any(string_to_array(:accounts, chr(31))) and s.parked_reason is null
    and exists (
        select from subscription_changes as c
        where c.subscription_id = s.subscription_id and c.applied_at is null and c.refused_reason is null
            and c.effective_at <= :until
    )
order by s.account_id, s.subscription_id
for no key update of s skip locked
