-- Invoices, by our id or Stripe's, locked in the order of their ids. The tax of an imported one is not in these books.
-- in: invoices text[], stripe_invoices text[]
-- out: the columns of flows.ports.event_rows.InvoiceRow
select invoice_id, account_id, subscription_id, state, currency, charger, stripe_invoice_id, total_minor,
       case when kind = 'opening' then 0 else tax_minor end as tax_minor, due_minor, paid_minor, credited_minor,
       refunded_minor, disputed, due_on, paid_at, voided_at, written_off_at
from invoices
where invoice_id = any(cast(:invoices as text[])) or stripe_invoice_id = any(cast(:stripe_invoices as text[]))
order by invoice_id
for no key update
