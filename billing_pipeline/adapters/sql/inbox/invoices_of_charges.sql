-- The invoices that payments paid: of a payment this never changes, so it is read without a lock.
-- in: charges text[]    out: invoice_id text
select invoice_id from payments where charge_id = any(cast(:charges as text[])) and invoice_id is not null
union
select invoice_id from payments where payment_id = any(cast(:charges as text[])) and invoice_id is not null
