-- Accounts whose receivable in the books is not the sum of their open invoices.
-- in: limit int    out: subject text, detail text
with booked as (
    select p.customer_id as account_id, e.currency, sum(p.minor)::bigint as minor
    from postings as p
    join journal_entries as e using (entry_id)
    where p.ledger_account = 1100
    group by p.customer_id, e.currency
),
owed as (
    select account_id, currency, sum(due_minor - paid_minor - credited_minor)::bigint as minor
    from invoices
    where state in ('pending', 'overdue')
    group by account_id, currency
)
select coalesce(o.account_id, b.account_id, 'nobody') as subject,
    format('open invoices %s %s, the books say %s', coalesce(o.minor, 0), coalesce(o.currency, b.currency),
        coalesce(b.minor, 0)) as detail
from owed as o
full join booked as b on b.account_id = o.account_id and b.currency = o.currency
where coalesce(o.minor, 0) <> coalesce(b.minor, 0)
order by subject
limit :limit
