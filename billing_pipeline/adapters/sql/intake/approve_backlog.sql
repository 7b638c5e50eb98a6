-- Lets invoices of the backlog be charged and dunned.
-- in: invoices text[], now timestamptz    out: invoice_id text
update invoices set backlog_approved_at = :now
where invoice_id = any(:invoices) and collection_method = 'backlog' and backlog_approved_at is null
    and state in ('pending', 'overdue')
returning invoice_id
