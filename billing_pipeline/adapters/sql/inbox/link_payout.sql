-- Notes which balance transactions a payout paid out.
-- in: payout_id text, transactions text[]    out: rows touched
update balance_transactions
set payout_id = :payout_id
where balance_transaction_id = any(cast(:transactions as text[])) and payout_id is distinct from :payout_id
