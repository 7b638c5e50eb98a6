-- The coupons that are in Stripe.
-- in: nothing    out: coupon_id text, stripe_coupon_id text
select coupon_id, stripe_coupon_id from coupons where stripe_coupon_id is not null
