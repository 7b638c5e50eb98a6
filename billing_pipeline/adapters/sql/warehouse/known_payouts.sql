-- Payouts whose balance transactions have been landed. Grain: one row per payout.
-- in: stripe.payout_transactions    out: payout_id text
select distinct payout_id from stripe.payout_transactions
