-- Ours is that object in Stripe.
-- in: our_id text, stripe_id text    out: rows touched
update coupons set stripe_coupon_id = :stripe_id where coupon_id = :our_id
