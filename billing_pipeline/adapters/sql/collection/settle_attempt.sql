-- The attempt, if it was still open: its outcome, or why it is still unknown and when to ask again.
-- in: attempt_id bigint, outcome text or null, unknown_reason text or null, next_check_at timestamptz or null,
--     resolved_by text or null, object_id text, codes jsonb text, request_id text, remedy text, now timestamptz
-- out: attempt_id bigint
update stripe_attempts
set outcome = :outcome,
    outcome_at = case when cast(:outcome as text) is null then null else cast(:now as timestamptz) end,
    unknown_reason = coalesce(:unknown_reason, unknown_reason),
    next_check_at = :next_check_at,
    lease_until = coalesce(cast(:next_check_at as timestamptz), lease_until),
    checks = checks + case when cast(:outcome as text) is null then 1 else 0 end,
    resolved_by = :resolved_by,
    object_id = coalesce(nullif(:object_id, ''), object_id),
    codes = cast(:codes as jsonb),
    request_id = coalesce(nullif(:request_id, ''), request_id),
    remedy = :remedy
where attempt_id = :attempt_id and outcome is null
returning attempt_id
