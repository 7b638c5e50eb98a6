-- One row per repair.
-- in: nothing    out: the columns of the warehouse table reconciliation.repairs
select
    repair_id, divergence_id, kind, plan::text as plan, amount_minor, currency, state, requested_by, requested_at,
    approved_by, approved_at, done_at, outcome
from repairs
