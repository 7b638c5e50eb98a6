-- What became of facts.
-- in: inbox_ids bigint[], states text[], reasons text[], now timestamptz    out: rows touched
update inbox
set state = done.state, reason = done.reason, applied_at = :now, claimed_until = null
from unnest(cast(:inbox_ids as bigint[]), cast(:states as text[]), cast(:reasons as text[])) as done (inbox_id, state, reason)
where inbox.inbox_id = done.inbox_id
