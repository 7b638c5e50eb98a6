-- Entries of the books by source, posting by posting.
-- in: sources text[]
-- out: source, kind, currency text, occurred_at timestamptz, accounting_date date, invoice_id, account_id text, note text,
--      ledger_account smallint, minor bigint, customer_id text
select e.source, e.kind, e.currency, e.occurred_at, e.accounting_date, e.invoice_id, e.account_id, e.note,
       p.ledger_account, p.minor, p.customer_id
from journal_entries as e
join postings as p using (entry_id)
where e.source = any(cast(:sources as text[]))
order by e.entry_id, p.line_no
