-- Open changes of items that take effect with the next boundary: a mirror has them before, so that nothing is prorated.
-- in: subscriptions text[]    out: one row per change, in order
select c.change_id, c.subscription_id, c.source, c.kind, c.wish, c.timing, c.effective_at, c.requested_by
from subscription_changes as c
join subscriptions as s using (subscription_id)
where c.subscription_id = any(cast(:subscriptions as text[])) and c.applied_at is null and c.refused_reason is null
    and c.effective_at = s.next_period_start and c.kind in ('add', 'remove', 'swap', 'quantity')
order by c.subscription_id, c.change_id
