-- Hooks whose time has come, leased: nobody else tells them meanwhile. Of each account only the oldest that waits: a
-- suspension that was not heard must not be told after the reinstatement that followed it.
-- in: batch bigint, now, lease_until timestamptz
-- out: hook_id, account_id, type text, payload jsonb, made_at timestamptz, attempts bigint (this one included)
update hooks h set attempts = h.attempts + 1, next_try_at = :lease_until
where h.hook_id in (
    select w.hook_id from hooks w
    where w.state = 'queued' and w.next_try_at <= :now
      and not exists (
          select from hooks o
          where o.account_id = w.account_id and o.state = 'queued' and (o.made_at, o.hook_id) < (w.made_at, w.hook_id)
      )
    order by w.made_at, w.hook_id limit :batch
    for update skip locked
)
returning h.hook_id, h.account_id, h.type, h.payload, h.made_at, h.attempts
