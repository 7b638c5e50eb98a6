-- The invoice of a payment, locked, with what the payment paid of it. The tax of an imported one is not in these books.
-- in: payment_id text    out: the columns of flows.ports.collection.PaidInvoice
select i.invoice_id, i.state, i.total_minor,
       case when i.kind = 'opening' then 0 else i.tax_minor end as tax_minor, i.refunded_minor, p.applied_minor
from payments p
join invoices i using (invoice_id)
where p.payment_id = :payment_id
for no key update of i
