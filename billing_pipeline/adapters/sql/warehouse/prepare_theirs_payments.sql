-- What Stripe says about payments. Grain: one row per payment intent in Stripe.
-- in: stripe.payment_intents, stripe.charges, stripe.refunds, stripe.disputes, stripe.invoice_payments, ledger.accounts, ledger.invoices, ledger.stripe_attempts, ledger.waiting_facts    out: temp table theirs_payments (refunded_minor: with what a lost dispute gave back; open_minor: what is left to pay of the invoice, null where it is void; fits: in the currency of the invoice)
create or replace temp table theirs_payments as
with billed_by_stripe as (
    select distinct payment_intent_id from stripe.invoice_payments where payment_intent_id is not null
),
returned as (
    select charge_id, cast(sum(amount_minor) as bigint) as refunded_minor
    from (
        select charge_id, amount_minor from stripe.refunds where status not in ('failed', 'canceled')
        union all
        select charge_id, amount_minor from stripe.disputes where status = 'lost'
    ) x
    group by charge_id
),
asked as (
    select distinct split_part(subject, '#', 1) as invoice_id
    from ledger.stripe_attempts
    where outcome is null and operation in ('charge', 'confirm')
)
select
    t.payment_intent_id,
    i.invoice_id,
    a.account_id,
    t.charge_id,
    t.currency,
    case when t.status = 'succeeded' then t.received_minor else t.amount_minor end as amount_minor,
    t.status = 'succeeded' as paid,
    t.status,
    coalesce(r.refunded_minor, 0) as refunded_minor,
    case when i.state <> 'void' then greatest(i.due_minor - i.paid_minor - i.credited_minor, 0) end as open_minor,
    i.currency = t.currency as fits,
    i.invoice_id is not null or s.payment_intent_id is not null as expected,
    q.invoice_id is not null as asked,
    greatest(t.created_at, c.created_at, t.canceled_at) as touched_at,
    w.last_received_at as waiting_at
from stripe.payment_intents t
left join stripe.charges c on c.charge_id = t.charge_id
left join returned r on r.charge_id = t.charge_id
left join ledger.invoices i on i.invoice_id = t.invoice_id
left join ledger.accounts a on a.stripe_customer_id = t.customer_id
left join billed_by_stripe s on s.payment_intent_id = t.payment_intent_id
left join asked q on q.invoice_id = t.invoice_id
left join ledger.waiting_facts w on w.object_id = t.payment_intent_id
