-- Takes what people wrote about a customer out of the holds on dunning; who held it, and when, stays.
-- in: account text    out: nothing
update dunning_holds set why = 'erased'
where account_id = :account or invoice_id in (select invoice_id from invoices where account_id = :account)
