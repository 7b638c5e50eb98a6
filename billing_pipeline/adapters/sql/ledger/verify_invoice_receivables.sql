-- Invoices whose receivable in the books is not what is open on them.
-- in: limit int    out: subject text, detail text
with booked as (
    select e.invoice_id, sum(p.minor)::bigint as minor
    from journal_entries as e
    join postings as p using (entry_id)
    where p.ledger_account = 1100 and e.invoice_id is not null
    group by e.invoice_id
),
owed as (
    select invoice_id,
        case when state in ('pending', 'overdue') then due_minor - paid_minor - credited_minor else 0 end as minor, state
    from invoices
)
select coalesce(o.invoice_id, b.invoice_id) as subject,
    format('%s with %s open, the books say %s', coalesce(o.state, 'no invoice'), coalesce(o.minor, 0), coalesce(b.minor, 0)) as detail
from owed as o
full join booked as b on b.invoice_id = o.invoice_id
where coalesce(o.minor, 0) <> coalesce(b.minor, 0)
order by subject
limit :limit
