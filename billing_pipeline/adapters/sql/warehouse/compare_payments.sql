-- Payments that the two sides tell differently, with what each says; only what lies before the cut-off. Grain: one row per payment intent that disagrees.
-- in: payment_kinds, ours_apart, theirs_apart, duplicates, cut    out: temp table payment_findings
create or replace temp table payment_findings as
with pairs as (
    select
        k.kind,
        k.payment_intent_id,
        coalesce(o.invoice_id, t.invoice_id) as invoice_id,
        coalesce(o.account_id, t.account_id) as account_id,
        coalesce(t.currency, o.currency) as currency,
        coalesce(t.charge_id, o.charge_id) as charge_id,
        o.amount_minor as ours_minor,
        case when o.paid then o.booked_minor end as booked_minor,
        o.unapplied_minor,
        o.currency as ours_currency,
        o.status as ours_status,
        t.amount_minor as theirs_minor,
        t.status as theirs_status,
        o.paid as ours_paid,
        greatest(o.touched_at, t.touched_at) as touched_at,
        greatest(o.waiting_at, t.waiting_at) as waiting_at
    from payment_kinds k
    left join ours_apart o on o.payment_intent_id = k.payment_intent_id
    left join theirs_apart t on t.payment_intent_id = k.payment_intent_id
    where k.kind is not null
)
select
    p.kind,
    p.payment_intent_id as subject,
    p.invoice_id,
    p.payment_intent_id,
    p.account_id,
    p.currency,
    case
        when p.kind = 'unapplied_payment' then p.unapplied_minor
        when p.kind = 'amount' and p.ours_minor <> p.theirs_minor then p.theirs_minor - p.ours_minor
        when p.kind = 'amount' then p.theirs_minor - p.booked_minor
        else coalesce(p.theirs_minor, p.ours_minor)
    end as amount_minor,
    case
        when p.ours_status is null then ''
        when p.kind = 'missing_in_ledger' and p.ours_paid then 'paid, not in the journal'
        when p.kind = 'amount' and p.ours_minor = p.theirs_minor then 'booked ' || cast(p.booked_minor as varchar) || ' ' || p.ours_currency
        else p.ours_status || ' ' || cast(p.ours_minor as varchar) || ' ' || p.ours_currency
    end as ours,
    coalesce(p.theirs_status || ' ' || cast(p.theirs_minor as varchar) || ' ' || p.currency, '') as theirs,
    p.payment_intent_id || coalesce(' ' || p.charge_id, '') as evidence
from pairs p
cross join cut
left join duplicates d on d.invoice_id = p.invoice_id
where p.touched_at <= cut.cut_off
    and (p.waiting_at is null or p.waiting_at <= cut.cut_off)
    and not (p.kind = 'missing_in_ledger' and not coalesce(p.ours_paid, false) and coalesce(d.known_payments, 0) > 0)
