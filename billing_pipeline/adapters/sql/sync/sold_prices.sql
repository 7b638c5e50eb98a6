-- The prices that are in Stripe.
-- in: nothing    out: price_id text, stripe_price_id text, active bool
select price_id, stripe_price_id, active from prices where stripe_price_id is not null
