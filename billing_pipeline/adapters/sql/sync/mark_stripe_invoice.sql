-- The invoice is Stripe's: Stripe alone collects it.
-- in: invoice_id text, stripe_id text    out: rows touched
update invoices set charger = 'stripe', stripe_invoice_id = :stripe_id where invoice_id = :invoice_id
