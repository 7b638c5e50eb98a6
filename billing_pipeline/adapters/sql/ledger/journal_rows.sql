-- Every posting between two accounting dates, in the order of the journal.
-- in: since date, until date
-- out: entry_id, line_no, source, kind, currency, occurred_at, accounting_date, recorded_at, invoice_id, account_id, note,
--   ledger_account, minor, customer_id
select e.entry_id, p.line_no, e.source, e.kind, e.currency, e.occurred_at, e.accounting_date, e.recorded_at, e.invoice_id,
    e.account_id, e.note, p.ledger_account, p.minor, p.customer_id
from journal_entries as e
join postings as p using (entry_id)
where e.accounting_date between :since and :until
order by e.accounting_date, e.entry_id, p.line_no
