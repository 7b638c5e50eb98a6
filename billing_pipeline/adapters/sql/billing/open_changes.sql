-- The open changes of subscriptions that are due, in the order in which they take effect.
-- in: subscriptions text (ids joined by chr(31)), until timestamptz    out: one row per change
select change_id, subscription_id, source, kind, wish, timing, effective_at, requested_by
from subscription_changes
where subscription_id = any(string_to_array(:subscriptions, chr(31))) and applied_at is null and refused_reason is null
    and effective_at <= :until
order by subscription_id, effective_at, change_id
