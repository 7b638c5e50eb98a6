-- Facts, newest first.
-- in: state text ('' for all), object_id text ('' for all), limit int
-- out: inbox_id bigint, event_id, source, type, object_id, state text, occurred_at timestamptz, attempts bigint, reason text
select inbox_id, event_id, source, type, object_id, state, occurred_at, attempts, reason
from inbox
where (:state = '' or state = :state) and (:object_id = '' or object_id = :object_id)
order by inbox_id desc
limit :limit
