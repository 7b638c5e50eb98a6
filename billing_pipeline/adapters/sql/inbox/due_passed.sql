-- Pending invoices whose due day lies before today, and which no waiting fact tells so yet.
-- in: today date, limit int    out: invoice_id text, due_on date
select i.invoice_id, i.due_on
from invoices as i
where i.state = 'pending' and i.due_on < :today
  and not exists (
      select from inbox as told
      where told.object_id = i.invoice_id and told.type = 'invoice.due_date_passed' and told.state = 'new'
  )
order by i.due_on, i.invoice_id
limit :limit
