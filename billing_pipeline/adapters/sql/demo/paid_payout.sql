-- A payout in euro that has been paid.
-- in: nothing    out: payout_id text
select payout_id from payouts where status = 'paid' and currency = 'eur' order by created_at desc limit 1
