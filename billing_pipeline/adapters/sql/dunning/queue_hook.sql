-- Puts a hook into the outbox, unless one of that name is there.
-- in: hook_id, account_id, type text, payload jsonb text, made_at timestamptz    out: rows touched
insert into hooks (hook_id, account_id, type, payload, made_at, next_try_at)
values (:hook_id, :account_id, :type, cast(:payload as jsonb), :made_at, :made_at)
on conflict (hook_id) do nothing
