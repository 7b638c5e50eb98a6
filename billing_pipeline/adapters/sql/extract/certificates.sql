-- The latest certificate of completeness per object type, issued or refused with its reason; sums are minor units by currency, as JSON.
-- in: nothing, it is pulled whole    out: the columns of the warehouse table ledger.certificates
select
    distinct on (object_type) object_type, sweep_id, complete_to, objects, cast(sums as text) as sums, digest, missed_by_events, issued,
    reason, made_at
from certificates
order by object_type, made_at desc
