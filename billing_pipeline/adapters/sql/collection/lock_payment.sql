-- The payment and what can still be given back of it: neither refunded nor asked to be.
-- A wish that Stripe has carried out counts through the refund itself, once that is booked.
-- in: payment_id text
-- out: payment_id, account_id, invoice_id, charge_id text, currency text, amount_minor bigint, refundable_minor bigint,
--      disputed bool
select p.payment_id, p.account_id, p.invoice_id, p.charge_id, p.currency, p.amount_minor, p.disputed,
       p.amount_minor - p.refunded_minor - coalesce((
           select sum(r.amount_minor) from refund_requests r
           where r.payment_id = p.payment_id and r.state <> 'refused'
             and not exists (select from refunds f where f.refund_id = r.refund_id)
       ), 0)::bigint as refundable_minor
from payments p
where p.payment_id = :payment_id
for update of p
