-- Plans as products.
-- in: nothing    out: one row per plan
select plan_id, name, coalesce(stripe_product_id, '') as stripe_id, active from plans order by plan_id
