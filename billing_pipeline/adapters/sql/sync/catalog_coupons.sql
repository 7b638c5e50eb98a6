-- Coupons with their names.
-- in: nothing    out: one row per coupon
select coupon_id, name, kind, percent_ppm, amount_minor, currency, duration, duration_months, redeem_by,
    coalesce(stripe_coupon_id, '') as stripe_id
from coupons order by coupon_id
