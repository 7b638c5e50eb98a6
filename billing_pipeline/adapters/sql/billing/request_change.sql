-- Puts a change on the list; a source that is there already changes nothing.
-- in: subscription_id, source, kind, wish json, timing, effective_at, requested_at, requested_by    out: nothing
insert into subscription_changes (subscription_id, source, kind, wish, timing, effective_at, requested_at, requested_by)
values (:subscription_id, :source, :kind, cast(:wish as jsonb), :timing, :effective_at, :requested_at, :requested_by)
on conflict (source) do nothing
