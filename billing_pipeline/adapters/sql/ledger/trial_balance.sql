-- The balance of every ledger account as of a day. closed: by the day it was booked on; known: by the day it was true.
-- in: as_of date, basis text, until timestamptz (end of as_of in the closing zone)
-- out: ledger_account int, name text, side text, currency text, debit_minor, credit_minor bigint
select a.ledger_account, a.name, a.side, b.currency, greatest(b.minor, 0) as debit_minor, greatest(-b.minor, 0) as credit_minor
from ledger_accounts as a
join (
    select p.ledger_account, e.currency, sum(p.minor)::bigint as minor
    from journal_entries as e
    join postings as p using (entry_id)
    where case :basis when 'closed' then e.accounting_date <= :as_of else e.occurred_at <= :until end
    group by p.ledger_account, e.currency
) as b using (ledger_account)
where b.minor <> 0
order by b.currency, a.ledger_account
