-- Refunds in the journal that Stripe does not know and that we have no row for. Grain: one row per journal entry.
-- in: booked, ledger.refunds, stripe.refunds, cut    out: the columns of a finding
select
    'refund_mismatch' as kind,
    b.source as subject,
    b.invoice_id,
    cast(null as varchar) as payment_intent_id,
    b.account_id,
    b.currency,
    b.stripe_minor as amount_minor,
    'booked ' || cast(b.stripe_minor as varchar) || ' ' || b.currency as ours,
    '' as theirs,
    b.source as evidence
from booked b
cross join cut
left join stripe.refunds t on 'refund:' || t.refund_id = b.source
left join ledger.refunds o on 'refund:' || o.refund_id = b.source
where b.kind = 'refund'
    and b.stripe_minor <> 0
    and t.refund_id is null
    and o.refund_id is null
    and b.occurred_at <= cut.cut_off
