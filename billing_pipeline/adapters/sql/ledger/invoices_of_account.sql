-- Ids of all invoices of an account, and of their credit notes.
-- in: account text    out: invoice_id text, credit_notes text[]
select i.invoice_id,
    coalesce(array_agg(n.credit_note_id order by n.number) filter (where n.credit_note_id is not null), '{}') as credit_notes
from invoices as i
left join credit_notes as n using (invoice_id)
where i.account_id = :account
group by i.invoice_id
order by i.invoice_id
