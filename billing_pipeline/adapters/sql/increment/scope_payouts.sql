-- Payouts of which a touched movement is a part. Grain: one row per payout.
-- in: scope, stripe.payout_transactions    out: rows of scope
insert into scope
select distinct 'payout', x.payout_id, 0, ''
from stripe.payout_transactions x
join scope s on s.kind = 'txn' and s.step = 0 and s.id = x.balance_transaction_id
where x.payout_id is not null
