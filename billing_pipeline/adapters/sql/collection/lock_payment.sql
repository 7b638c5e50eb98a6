-- The payment and what can still be given back of it: neither refunded nor asked to be.
-- A wish that Stripe has carried out counts through the refund itself, once that is booked.
-- in: payment_id text
-- out: payment_id, account_id, invoice_id, charge_id text, currency text, amount_minor bigint, refundable_minor bigint,
--      credited_minor bigint (what was paid too much, where that is credit), disputed, is_reversed bool
select p.payment_id, p.account_id, p.invoice_id, p.charge_id, p.currency, p.amount_minor, p.disputed,
       p.reversed_at is not null as is_reversed,
       case when exists (
           select from credit_grants g where g.source = 'payment:' || coalesce(p.charge_id, p.payment_id)
       ) then greatest(0, p.amount_minor - p.applied_minor - p.refunded_minor) else 0 end as credited_minor,
       p.amount_minor - p.refunded_minor - coalesce((
           select sum(r.amount_minor) from refund_requests r
           where r.payment_id = p.payment_id and r.state <> 'refused'
             and not exists (select from refunds f where f.refund_id = r.refund_id)
       ), 0)::bigint as refundable_minor
from payments p
where p.payment_id = :payment_id
for update of p
