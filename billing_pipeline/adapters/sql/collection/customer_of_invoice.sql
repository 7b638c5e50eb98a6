-- The customer of the invoice's account.
-- in: invoice_id text    out: stripe_customer_id text
select a.stripe_customer_id from invoices i join accounts a using (account_id) where i.invoice_id = :invoice_id
