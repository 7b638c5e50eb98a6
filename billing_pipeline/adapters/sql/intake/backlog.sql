-- Open invoices that were issued before we collect and are not charged or dunned until somebody approves them.
-- in: waiting bool (only those not approved)
-- out: invoice_id, account_id, number, issued_on, due_on, currency, open_minor, backlog_approved_at
select invoice_id, account_id, number, issued_on, due_on, currency, due_minor - paid_minor - credited_minor as open_minor,
    backlog_approved_at
from invoices
where collection_method = 'backlog' and state in ('pending', 'overdue') and (not :waiting or backlog_approved_at is null)
order by issued_on, invoice_id
