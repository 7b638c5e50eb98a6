-- Payments in the journal that neither our payments nor Stripe's charges know. Grain: one row per journal entry.
-- in: booked, ledger.payments, stripe.charges, cut    out: the columns of a finding
select
    case when c.charge_id is null then 'missing_in_stripe' else 'missing_in_ledger' end as kind,
    b.source as subject,
    b.invoice_id,
    c.payment_intent_id,
    b.account_id,
    b.currency,
    b.stripe_minor as amount_minor,
    'booked ' || cast(b.stripe_minor as varchar) || ' ' || b.currency as ours,
    coalesce(c.status || ' ' || cast(c.amount_minor as varchar) || ' ' || c.currency, '') as theirs,
    b.source as evidence
from booked b
cross join cut
left join ledger.payments p on 'payment:' || p.charge_id = b.source
left join stripe.charges c on 'payment:' || c.charge_id = b.source
where b.kind = 'payment'
    and b.stripe_minor <> 0
    and p.payment_id is null
    and b.occurred_at <= cut.cut_off
