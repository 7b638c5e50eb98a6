-- Those of the facts whose objects nobody else is reading, held until the lease ends: one object is read by one process at
-- a time, so that what was read first is also applied first. The caller holds the lock 'claim facts'.
-- in: inbox_ids bigint[], lease_seconds int
-- out: inbox_id bigint, event_id, source, type, object_id, fact_key, api_version, idempotency_key text,
--      occurred_at timestamptz, payload text
update inbox
set claimed_until = clock_timestamp() + make_interval(secs => :lease_seconds), attempts = attempts + 1
where inbox_id in (
    select mine.inbox_id
    from inbox as mine
    where mine.inbox_id = any(cast(:inbox_ids as bigint[])) and mine.state = 'new'
      and not exists (
          select from inbox as theirs
          where theirs.object_id = mine.object_id and theirs.state = 'new' and theirs.claimed_until > clock_timestamp()
      )
    for update of mine skip locked
)
returning inbox_id, event_id, source, type, object_id, fact_key, api_version, idempotency_key, occurred_at,
          payload::text as payload
