-- Payments by charge, or by their own id where they were booked by hand, locked.
-- in: charges text[]    out: the columns of flows.ports.event_rows.PaymentRow
select payment_id, account_id, invoice_id, method, payment_intent_id, charge_id, currency, amount_minor, applied_minor,
       refunded_minor, disputed, fingerprint, succeeded_at, reversed_at
from payments
where charge_id = any(cast(:charges as text[])) or payment_id = any(cast(:charges as text[]))
order by payment_id
for no key update
