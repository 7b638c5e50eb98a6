-- The ids of a subscription's invoices that begin with a name.
-- in: subscription_id text, prefix text    out: invoice_id text
select invoice_id from invoices where subscription_id = :subscription_id and starts_with(invoice_id, :prefix)
