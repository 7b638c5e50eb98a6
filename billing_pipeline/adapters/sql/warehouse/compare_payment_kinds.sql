-- Payments that the two sides tell differently, by kind alone, and those that may pay an invoice once more: the one narrow pass over everything. Grain: one row per payment intent to look at.
-- An invoice's first collection cannot pay it twice, so only later ones, and intents that we do not know or know under another invoice, may.
-- in: ours_payments, theirs_payments    out: temp table payment_kinds (kind: null where nothing but once_more is to be looked at)
create or replace temp table payment_kinds as
with pairs as (
    select
        coalesce(o.payment_intent_id, t.payment_intent_id) as payment_intent_id,
        t.invoice_id,
        case
            when t.payment_intent_id is null then 'missing_in_stripe'
            when o.payment_intent_id is null and not t.expected and t.paid then 'orphan_object'
            when o.payment_intent_id is null and not t.expected then null
            when o.payment_intent_id is null and t.asked then null
            when o.payment_intent_id is null and t.paid then 'missing_in_ledger'
            when o.payment_intent_id is null and t.status <> 'canceled' then 'orphan_object'
            when o.payment_intent_id is null then null
            when o.currency <> t.currency then 'currency'
            when not o.paid and t.paid and not t.asked then 'missing_in_ledger'
            when not o.paid and t.paid then null
            when o.reversed and not t.paid then null
            when o.paid and not t.paid then 'status'
            when o.amount_minor <> t.amount_minor then 'amount'
            when o.paid and o.booked_minor = 0 then 'missing_in_ledger'
            when o.paid and o.booked_minor <> o.amount_minor then 'amount'
            when not o.paid and o.status <> t.status and not (o.status = '' and t.status in ('requires_payment_method', 'requires_confirmation'))
                then 'status'
            when o.unapplied_minor > 0 then 'unapplied_payment'
        end as kind,
        coalesce(t.paid and t.amount_minor > t.refunded_minor and t.invoice_id is not null, false)
            and (coalesce(o.seq, 0) <> 1 or o.invoice_id <> t.invoice_id) as once_more
    from ours_payments o
    full outer join theirs_payments t on o.payment_intent_id = t.payment_intent_id
)
select payment_intent_id, kind, case when once_more then invoice_id end as again_invoice_id
from pairs
where kind is not null or once_more
