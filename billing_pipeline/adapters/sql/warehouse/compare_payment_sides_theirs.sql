-- What Stripe says about the payments to look at, and about all payments of invoices that may be paid twice. Grain: one row per payment intent in Stripe.
-- in: payment_kinds, theirs_payments    out: temp table theirs_apart
create or replace temp table theirs_apart as
select *
from theirs_payments
where payment_intent_id in (select payment_intent_id from payment_kinds)
    or invoice_id in (select again_invoice_id from payment_kinds where again_invoice_id is not null)
