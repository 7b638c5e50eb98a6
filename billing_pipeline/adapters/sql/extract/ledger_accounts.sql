-- One row per account of the chart.
-- in: nothing, it is pulled whole    out: the columns of the warehouse table ledger.ledger_accounts
select
    ledger_account::integer as ledger_account, name, side
from ledger_accounts
