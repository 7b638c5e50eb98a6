-- Notes that so much more of an invoice was given back.
-- in: invoice_id text, minor bigint
update invoices set refunded_minor = refunded_minor + :minor where invoice_id = :invoice_id
