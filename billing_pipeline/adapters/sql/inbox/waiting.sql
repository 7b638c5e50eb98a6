-- New facts that nobody holds, in the order they came, locked. The payload of a type that moves nothing stays where it is.
-- A lease is about processes, so it is measured by the server's clock: business time may stand still.
-- in: after bigint, limit int, moving text[]
-- out: inbox_id bigint, event_id, source, type, object_id, fact_key, api_version, idempotency_key text,
--      occurred_at timestamptz, payload text
select inbox_id, event_id, source, type, object_id, fact_key, api_version, idempotency_key, occurred_at,
       case when source not in ('webhook', 'poll') or type = any(cast(:moving as text[])) then payload::text end as payload
from inbox
where state = 'new' and inbox_id > :after and (claimed_until is null or claimed_until <= clock_timestamp())
order by inbox_id
limit :limit
for update skip locked
