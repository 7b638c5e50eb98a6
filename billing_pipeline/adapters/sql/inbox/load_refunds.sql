-- Refunds, locked.
-- in: refunds text[]    out: the columns of flows.ports.event_rows.RefundRow
select refund_id, payment_id, charge_id, currency, amount_minor, booked_minor, status, reason, failure_reason, created_at
from refunds
where refund_id = any(cast(:refunds as text[]))
order by refund_id
for no key update
