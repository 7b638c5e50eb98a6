-- Locks the account of an invoice: its credits and its numbers are taken by one at a time.
-- in: invoice text    out: account_id text
select account_id from accounts
where account_id = (select account_id from invoices where invoice_id = :invoice)
for update
