-- What was booked on a day, by currency and ledger account.
-- in: day date    out: currency text, ledger_account int, minor bigint, entries bigint
select e.currency, p.ledger_account, sum(p.minor)::bigint as minor, count(distinct e.entry_id) as entries
from journal_entries e
join postings p using (entry_id)
where e.accounting_date = :day
group by e.currency, p.ledger_account
order by e.currency, p.ledger_account
