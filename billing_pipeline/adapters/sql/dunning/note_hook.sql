-- Writes down how telling a hook ended.
-- in: hook_id, state, error text, next_try_at, now timestamptz    out: rows touched
update hooks
set state = :state, error = :error, next_try_at = :next_try_at,
    delivered_at = case when cast(:state as text) = 'delivered' then cast(:now as timestamptz) end
where hook_id = :hook_id
