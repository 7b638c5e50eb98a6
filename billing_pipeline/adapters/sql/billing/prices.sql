-- Prices with the name of their plan and their tiers.
-- in: prices text[]    out: one row per price; tiers json, in order: [up_to or null, unit_minor, flat_minor, per_units]
select p.price_id, p.plan_id, p.currency, p.scheme, p.usage, p.aggregate, p.meter, p.interval, p.interval_count,
    p.unit_minor, p.per_units, p.setup_fee_minor, p.minimum_minor, p.active, n.name,
    coalesce(
        (select jsonb_agg(jsonb_build_array(t.up_to, t.unit_minor, t.flat_minor, t.per_units) order by t.tier_no)
            from price_tiers as t where t.price_id = p.price_id), '[]') as tiers
from prices as p
join plans as n using (plan_id)
where p.price_id = any(cast(:prices as text[]))
