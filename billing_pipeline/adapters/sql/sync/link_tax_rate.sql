-- Ours is that object in Stripe.
-- in: our_id text, stripe_id text    out: rows touched
update tax_rates set stripe_tax_rate_id = :stripe_id where tax_rate_id = :our_id
