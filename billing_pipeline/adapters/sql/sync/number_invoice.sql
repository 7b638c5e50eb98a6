-- Gives the invoice the number that Stripe gave it.
-- in: invoice_id text, number text    out: rows touched
update invoices set number = :number where invoice_id = :invoice_id
