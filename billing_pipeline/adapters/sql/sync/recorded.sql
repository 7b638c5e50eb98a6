-- Those of Stripe's invoices that are in the books.
-- in: invoices text[]    out: invoice_id, stripe_invoice_id, number text
select invoice_id, stripe_invoice_id, number from invoices where stripe_invoice_id = any(cast(:invoices as text[]))
