-- A payout that somebody filed with the wrong amount: the newest one in dollars that has been paid.
-- in: nothing    out: payout_id text
update payouts set amount_minor = amount_minor + 1000
where payout_id = (select payout_id from payouts where status = 'paid' and currency = 'usd' order by created_at desc limit 1)
returning payout_id
