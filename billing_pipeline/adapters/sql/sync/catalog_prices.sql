-- Prices whose plan is a product in Stripe.
-- in: nothing    out: price_id text, product text, stripe_id text
select r.price_id, p.stripe_product_id as product, coalesce(r.stripe_price_id, '') as stripe_id
from prices as r join plans as p using (plan_id)
where p.stripe_product_id is not null order by r.price_id
