-- Invoices as lines of a notice.
-- in: invoices text[]    out: invoice_id, number, currency text, owed_minor bigint, due_on date
select invoice_id, number, currency, greatest(due_minor - paid_minor - credited_minor, 0) as owed_minor, due_minor, due_on
from invoices
where invoice_id = any(cast(:invoices as text[]))
order by due_on, invoice_id
