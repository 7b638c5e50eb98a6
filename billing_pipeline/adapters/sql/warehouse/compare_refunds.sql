-- Refunds that the two sides tell differently. Grain: one row per refund.
-- in: ledger.refunds, stripe.refunds, booked, ours_payments, cut    out: the columns of a finding
with ours as (
    select
        r.refund_id,
        r.charge_id,
        r.currency,
        r.amount_minor,
        r.status in ('failed', 'canceled') as undone,
        r.status,
        r.created_at,
        b.source is not null as booked,
        f.source is not null as booked_back,
        -coalesce(b.stripe_minor, 0) as booked_minor
    from ledger.refunds r
    left join booked b on b.source = 'refund:' || r.refund_id
    left join booked f on f.source = 'refund_failed:' || r.refund_id
),
theirs as (
    select
        r.refund_id,
        r.charge_id,
        r.payment_intent_id,
        r.currency,
        r.amount_minor,
        r.status in ('failed', 'canceled') as undone,
        r.status,
        r.created_at,
        p.invoice_id,
        p.account_id,
        p.payment_intent_id is not null and p.paid as of_ours
    from stripe.refunds r
    left join ours_payments p on p.payment_intent_id = r.payment_intent_id
),
pairs as (
    select
        coalesce(o.refund_id, t.refund_id) as refund_id,
        t.invoice_id,
        t.payment_intent_id,
        t.account_id,
        coalesce(t.currency, o.currency) as currency,
        coalesce(t.amount_minor, o.amount_minor) as amount_minor,
        coalesce(o.status || ' ' || cast(o.amount_minor as varchar) || ' ' || o.currency, '')
            || case when o.refund_id is not null and not o.booked and not o.undone then ', not in the journal' else '' end as ours,
        coalesce(t.status || ' ' || cast(t.amount_minor as varchar) || ' ' || t.currency, '') as theirs,
        coalesce(t.charge_id, o.charge_id) as charge_id,
        greatest(o.created_at, t.created_at) as touched_at,
        case
            when o.refund_id is null then t.of_ours and not t.undone
            when t.refund_id is null then true
            else o.currency <> t.currency or o.amount_minor <> t.amount_minor or o.undone <> t.undone
                or (not t.undone and (not o.booked or o.booked_minor <> t.amount_minor))
                or (t.undone and o.booked and not o.booked_back)
        end as differs
    from ours o
    full outer join theirs t on o.refund_id = t.refund_id
)
select
    'refund_mismatch' as kind,
    p.refund_id as subject,
    p.invoice_id,
    p.payment_intent_id,
    p.account_id,
    p.currency,
    p.amount_minor,
    p.ours,
    p.theirs,
    p.refund_id || coalesce(' ' || p.charge_id, '') as evidence
from pairs p
cross join cut
left join ledger.waiting_facts w on w.object_id = p.refund_id
where p.differs
    and p.touched_at <= cut.cut_off
    and (w.last_received_at is null or w.last_received_at <= cut.cut_off)
