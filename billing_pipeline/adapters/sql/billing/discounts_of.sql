-- The coupons on subscriptions.
-- in: subscriptions text (ids joined by chr(31))    out: one row per coupon on a subscription
select d.subscription_id, d.started_at, d.ends_at, c.coupon_id, c.kind, c.percent_ppm, c.amount_minor, c.currency,
    c.duration, c.duration_months, c.redeem_by
from subscription_discounts as d
join coupons as c using (coupon_id)
where d.subscription_id = any(string_to_array(:subscriptions, chr(31)))
order by d.subscription_id, d.started_at, c.coupon_id
