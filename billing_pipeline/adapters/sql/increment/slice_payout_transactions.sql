-- What the payouts in scope were made of. Grain: one row per balance transaction.
-- in: stripe.payout_transactions, scope    out: table slice.stripe.payout_transactions
create table slice.stripe.payout_transactions as
select x.*
from stripe.payout_transactions x
where x.payout_id in (select id from scope where kind = 'payout')
