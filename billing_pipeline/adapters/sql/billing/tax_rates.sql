-- All tax rates; there are few.
-- in: nothing    out: one row per rate
select tax_rate_id, rate_ppm, inclusive, active from tax_rates
