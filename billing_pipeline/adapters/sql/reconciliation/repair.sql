-- One repair.
-- in: repair_id bigint    out: columns of repairs
select repair_id, divergence_id, kind, plan, amount_minor, currency, state, requested_by, approved_by
from repairs
where repair_id = :repair_id
