-- Ours is that object in Stripe.
-- in: our_id text, stripe_id text    out: rows touched
update plans set stripe_product_id = :stripe_id where plan_id = :our_id
