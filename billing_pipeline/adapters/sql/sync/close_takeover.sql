-- How a plan ended.
-- in: takeover_id bigint, state text, reason text, now timestamptz    out: rows touched
update stripe_takeovers set state = :state, reason = :reason, done_at = :now
where takeover_id = :takeover_id and state = 'planned'
