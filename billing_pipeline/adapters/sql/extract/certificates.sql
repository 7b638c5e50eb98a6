-- The latest certificate of completeness per object type.
-- in: nothing, it is pulled whole    out: the columns of the warehouse table ledger.certificates
select
    distinct on (object_type) object_type, sweep_id, complete_to, objects, missed_by_events, issued, reason, made_at
from certificates
order by object_type, made_at desc
