-- Booked balance transactions whose money can be paid out since, oldest first, locked.
-- in: now timestamptz, limit int
-- out: the columns of domain.stripe_money.BalanceTransaction, then booked_at timestamptz
select balance_transaction_id, type, reporting_category, coalesce(source_id, ''), currency, amount_minor, fee_minor, net_minor,
       available_on, created_at, status, exchange_rate, payout_id, booked_at
from balance_transactions
where status = 'pending' and booked_at is not null and available_on <= :now
order by available_on, balance_transaction_id
limit :limit
for no key update skip locked
