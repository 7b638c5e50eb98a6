-- Counts a use of a coupon; a coupon for one period ends with it.
-- in: subscription_id text, coupon_id text, ends_at timestamptz or null    out: nothing
update subscription_discounts
set uses = uses + 1, ends_at = coalesce(ends_at, %(ends_at)s)
where subscription_id = %(subscription_id)s and coupon_id = %(coupon_id)s
