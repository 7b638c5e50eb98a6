-- Whether an account or an invoice has that name; an account wins.
-- in: wanted text    out: kind text ('account' or 'invoice'), id text
select 'account' as kind, account_id as id, 1 as rank from accounts where account_id = :wanted
union all
select 'invoice', invoice_id, 2 from invoices where invoice_id = :wanted or number = :wanted
order by rank, id
limit 1
