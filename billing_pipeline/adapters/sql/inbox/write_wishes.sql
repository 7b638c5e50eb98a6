-- Wishes to change subscriptions, each once.
-- in: source, subscription_id, kind text[], effective_at timestamptz[], requested_by text[], now timestamptz
-- out: rows touched
insert into subscription_changes (subscription_id, source, kind, timing, effective_at, requested_at, requested_by)
select subscription_id, source, kind, 'now', effective_at, :now, requested_by
from unnest(
    cast(:source as text[]), cast(:subscription_id as text[]), cast(:kind as text[]), cast(:effective_at as timestamptz[]),
    cast(:requested_by as text[])
) as new (source, subscription_id, kind, effective_at, requested_by)
on conflict (source) do nothing
