-- One row per plan.
-- in: nothing, it is pulled whole    out: the columns of the warehouse table ledger.plans
select
    plan_id, name, tier, trial_days, active, stripe_product_id
from plans
