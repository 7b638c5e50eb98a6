-- Balance transactions, locked.
-- in: transactions text[]
-- out: the columns of domain.stripe_money.BalanceTransaction, then booked_at timestamptz
select balance_transaction_id, type, reporting_category, coalesce(source_id, ''), currency, amount_minor, fee_minor, net_minor,
       available_on, created_at, status, exchange_rate, payout_id, booked_at
from balance_transactions
where balance_transaction_id = any(cast(:transactions as text[]))
order by balance_transaction_id
for no key update
