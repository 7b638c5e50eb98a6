-- Tax rates with their names.
-- in: nothing    out: one row per rate
select tax_rate_id, name, jurisdiction, rate_ppm, inclusive, active, coalesce(stripe_tax_rate_id, '') as stripe_id
from tax_rates order by tax_rate_id
