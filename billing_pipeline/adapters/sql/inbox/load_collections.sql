-- All collections of invoices, locked.
-- in: invoices text[]    out: the columns of flows.ports.event_rows.CollectionRow
select invoice_id, seq, payment_intent_id, status, failures, last_codes, failed_charges, last_failed_at, closed_at, close_reason
from collections
where invoice_id = any(cast(:invoices as text[]))
order by invoice_id, seq
for no key update
