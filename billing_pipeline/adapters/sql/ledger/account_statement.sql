-- What happened on a customer's receivable, credits and carry-over as of a day, with the balance after each posting.
-- in: account text, as_of date, basis text, until timestamptz
-- out: day date, occurred_at, source, kind, invoice_id, ledger text, currency, minor bigint (+ the customer owes more), balance_minor
select e.accounting_date as day, e.occurred_at, e.source, e.kind, e.invoice_id, a.name as ledger, e.currency, p.minor,
    sum(p.minor) over (
        partition by e.currency order by case :basis when 'closed' then e.accounting_date::timestamptz else e.occurred_at end,
            e.entry_id, p.line_no
    )::bigint as balance_minor
from postings as p
join journal_entries as e using (entry_id)
join ledger_accounts as a using (ledger_account)
where p.customer_id = :account and p.ledger_account in (1100, 1400, 2200)
    and case :basis when 'closed' then e.accounting_date <= :as_of else e.occurred_at <= :until end
order by case :basis when 'closed' then e.accounting_date::timestamptz else e.occurred_at end, e.entry_id, p.line_no
