-- The trial balance at the end of the month.
-- in: $month    out: ledger_account int, account_name text, currency text, moved_minor, closing_minor bigint
select ledger_account, account_name, currency, moved_minor, closing_minor
from marts.trial_balance
where month = $month
order by currency, ledger_account
