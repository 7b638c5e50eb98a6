-- Stripe's charges and refunds that the journal does not hold. Grain: one row per object.
-- The entries are those of bridge_ledger_objects: what one of them crosses to is not told again here. Days: of objects the close zone's day.
-- in: booked, stripe.charges, stripe.payment_intents, stripe.refunds, duplicates, cut    out: the columns of a crossing
with entered as (
    select source from booked where stripe_minor <> 0 and kind in ('payment', 'refund', 'refund_failed', 'payment_returned')
),
unbooked as (
    select c.currency, c.created_at, c.captured_minor as minor, c.payment_intent_id, 'charge' as what
    from stripe.charges c
    where c.status = 'succeeded' and c.captured and 'payment:' || c.charge_id not in (select source from entered)
    union all
    select r.currency, r.created_at, -r.amount_minor, cast(null as varchar), 'refund'
    from stripe.refunds r
    where r.status in ('succeeded', 'pending', 'requires_action') and 'refund:' || r.refund_id not in (select source from entered)
),
known as (
    select payment_intent_id, invoice_id
    from stripe.payment_intents
    where payment_intent_id in (select payment_intent_id from unbooked)
)
select
    'ledger_to_objects' as bridge,
    u.currency,
    cast(null as date) as left_day,
    cast(null as bigint) as left_minor,
    cast(u.created_at at time zone cut.close_zone as date) as right_day,
    u.minor as right_minor,
    case
        when u.created_at > cut.cut_off then 'after_cut_off'
        when u.what = 'refund' then 'refund_mismatch'
        when d.invoice_id is not null then 'duplicate_charge'
        when k.invoice_id is null then 'orphan_object'
        else 'missing_in_ledger'
    end as why
from unbooked u
cross join cut
left join known k on k.payment_intent_id = u.payment_intent_id
left join duplicates d on d.invoice_id = k.invoice_id
