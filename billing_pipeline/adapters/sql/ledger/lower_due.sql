-- Lowers what is open on an invoice by a credit note. Its state is moved by the inbox alone.
-- in: invoice text, minor bigint    out: nothing
update invoices set credited_minor = credited_minor + :minor where invoice_id = :invoice
