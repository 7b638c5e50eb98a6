-- The coupons on subscriptions, for their mirrors.
-- in: subscriptions text[]    out: one row per coupon on a subscription
select d.subscription_id, d.started_at, d.ends_at, c.coupon_id, c.kind, c.percent_ppm, c.amount_minor, c.currency,
    c.duration, c.duration_months, c.redeem_by
from subscription_discounts as d
join coupons as c using (coupon_id)
where d.subscription_id = any(cast(:subscriptions as text[]))
order by d.subscription_id, d.started_at, c.coupon_id
