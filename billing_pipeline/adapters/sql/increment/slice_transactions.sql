-- The movements that the payouts in scope were made of. Grain: one row per balance transaction.
-- in: stripe.balance_transactions, slice.stripe.payout_transactions    out: rows of slice.stripe.balance_transactions
insert into slice.stripe.balance_transactions by name
select t.rowid as row_no, 0 as step, t.* exclude (fetched_at, raw)
from stripe.balance_transactions t
where t.balance_transaction_id in (select balance_transaction_id from slice.stripe.payout_transactions)
    and t.rowid not in (select row_no from slice.stripe.balance_transactions)
