-- Ours is that object in Stripe.
-- in: our_id text, stripe_id text    out: rows touched
update prices set stripe_price_id = :stripe_id where price_id = :our_id
