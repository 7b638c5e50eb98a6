-- The latest certificate of completeness per object type, issued or refused.
-- in: nothing    out: the columns of flows.ports.inbox.Certificate
select distinct on (object_type) object_type, sweep_id, complete_to, objects, sums, digest, missed_by_events, issued, reason
from certificates
order by object_type, made_at desc, certificate_id desc
