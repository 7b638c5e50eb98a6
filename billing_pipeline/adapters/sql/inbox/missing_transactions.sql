-- Which of these balance transactions are not stored yet.
-- in: transactions text[]    out: balance_transaction_id text
select wanted as balance_transaction_id
from unnest(cast(:transactions as text[])) as wanted
where not exists (select from balance_transactions as known where known.balance_transaction_id = wanted)
