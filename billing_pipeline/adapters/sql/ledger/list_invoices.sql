-- The newest invoices, of one account or of all.
-- in: account text ('' for all), limit int
-- out: invoice_id, number, account_id, state, currency, total_minor, open_minor, issued_on, due_on
select invoice_id, number, account_id, state, currency, total_minor,
    case when state in ('pending', 'overdue') then due_minor - paid_minor - credited_minor else 0 end as open_minor, issued_on,
    due_on
from invoices
where :account = '' or account_id = :account
order by issued_on desc, invoice_id desc
limit :limit
