-- Payments that the two sides tell differently, by kind alone: the narrow pass over everything. Grain: one row per payment intent that disagrees.
-- in: ours_payments, theirs_payments    out: temp table payment_kinds
create or replace temp table payment_kinds as
with pairs as (
    select
        coalesce(o.payment_intent_id, t.payment_intent_id) as payment_intent_id,
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
            when o.paid and not t.paid then 'status'
            when o.amount_minor <> t.amount_minor then 'amount'
            when o.paid and o.booked_minor = 0 then 'missing_in_ledger'
            when o.paid and o.booked_minor <> o.amount_minor then 'amount'
            when not o.paid and o.status <> t.status and not (o.status = '' and t.status in ('requires_payment_method', 'requires_confirmation'))
                then 'status'
            when o.unapplied_minor > 0 then 'unapplied_payment'
        end as kind
    from ours_payments o
    full outer join theirs_payments t on o.payment_intent_id = t.payment_intent_id
)
select payment_intent_id, kind from pairs where kind is not null
