-- Payments of those invoices that are disputed, or charges that paid some of them and stand; the invoices' locks stand for theirs.
-- in: invoices text[]    out: the columns of flows.ports.event_rows.PaymentRow
select payment_id, account_id, invoice_id, method, payment_intent_id, charge_id, currency, amount_minor, applied_minor,
       refunded_minor, disputed, fingerprint, succeeded_at, reversed_at
from payments
where invoice_id = any(cast(:invoices as text[]))
  and (disputed or (applied_minor > 0 and reversed_at is null and charge_id is not null))
order by payment_id
