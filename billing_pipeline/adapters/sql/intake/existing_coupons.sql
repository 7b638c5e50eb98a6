-- Rows of coupons with these keys, as JSON.
-- in: keys text[]    out: key text, row jsonb
select coupon_id as key, to_jsonb(t) as row from coupons as t where coupon_id = any(:keys)
