-- One row per dunning step taken.
-- in: nothing, it is pulled whole    out: the columns of the warehouse table ledger.dunning_steps
select
    invoice_id, step, action, policy_version, segment, planned_on, taken_at, intent_status, outcome, run_id,
    owed_minor, decline_class, failures
from dunning_steps
