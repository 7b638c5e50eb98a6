-- One row per tax rate; rate_ppm 200000 is 20 %.
-- in: nothing, it is pulled whole    out: the columns of the warehouse table ledger.tax_rates
select
    tax_rate_id, name, jurisdiction, rate_ppm, inclusive, active
from tax_rates
