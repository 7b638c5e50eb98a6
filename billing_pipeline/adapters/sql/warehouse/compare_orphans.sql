-- Things of our customers in Stripe that we know nothing of: live subscriptions, charges without an intent. Grain: one row per object.
-- in: stripe.subscriptions, stripe.charges, ledger.accounts, ledger.subscriptions, cut    out: the columns of a finding
select
    'orphan_object' as kind,
    t.stripe_subscription_id as subject,
    cast(null as varchar) as invoice_id,
    cast(null as varchar) as payment_intent_id,
    a.account_id,
    t.currency,
    cast(null as bigint) as amount_minor,
    '' as ours,
    t.status || ' subscription ' || t.items as theirs,
    t.stripe_subscription_id || ' ' || t.customer_id as evidence
from stripe.subscriptions t
cross join cut
join ledger.accounts a on a.stripe_customer_id = t.customer_id
left join ledger.subscriptions s on s.stripe_subscription_id = t.stripe_subscription_id
left join ledger.subscriptions m on m.subscription_id = t.subscription_id
where s.subscription_id is null
    and (m.subscription_id is null or m.stripe_subscription_id is not null)
    and t.status in ('active', 'trialing', 'past_due', 'unpaid')
    and t.pause_behavior is null
    and t.created_at <= cut.cut_off
union all
select
    'orphan_object',
    c.charge_id,
    cast(null as varchar),
    cast(null as varchar),
    a.account_id,
    c.currency,
    c.captured_minor,
    '',
    c.status || ' charge ' || cast(c.captured_minor as varchar) || ' ' || c.currency,
    c.charge_id
from stripe.charges c
cross join cut
left join ledger.accounts a on a.stripe_customer_id = c.customer_id
left join ledger.payments p on p.charge_id = c.charge_id
where c.payment_intent_id is null
    and c.status = 'succeeded'
    and p.payment_id is null
    and c.created_at <= cut.cut_off
