-- Subscriptions whose mirror in Stripe differs, or could charge beside us. Grain: one row per subscription.
-- A change at the next boundary is told to the mirror ahead of it: until then both the items in force and the planned ones are right.
-- in: ledger.subscriptions, ledger.subscription_items, ledger.planned_items, stripe.subscriptions, cut    out: the columns of a finding
with shown as (
    select i.subscription_id, 'now' as moment, i.stripe_price_id, case when i.usage = 'metered' then 0 else i.quantity end as quantity
    from ledger.subscription_items i
    cross join cut
    where i.valid_from <= cut.cut_off and (i.valid_to is null or i.valid_to > cut.cut_off)
    union all
    select subscription_id, 'next', stripe_price_id, case when usage = 'metered' then 0 else quantity end
    from ledger.planned_items
),
lists as (
    select
        subscription_id,
        moment,
        string_agg(stripe_price_id || ':' || cast(quantity as varchar), ' '
            order by stripe_price_id || ':' || cast(quantity as varchar)) as items,
        cast(sum(case when stripe_price_id is null then 1 else 0 end) as bigint) as unpriced
    from shown
    group by subscription_id, moment
),
pairs as (
    select
        s.subscription_id,
        s.account_id,
        s.currency,
        s.stripe_subscription_id,
        case
            when t.stripe_subscription_id is null then 'mirror_drift'
            when s.state <> 'canceled' and s.charger = 'engine' and s.mirror_state in ('created', 'held')
                and t.status in ('active', 'trialing', 'past_due', 'unpaid') and t.pause_behavior is null then 'unheld_mirror'
            when (s.state = 'canceled') <> (t.status in ('canceled', 'incomplete_expired')) then 'mirror_drift'
            when s.currency <> t.currency then 'mirror_drift'
            when s.state <> 'canceled' and s.mirror_state = 'held' and i.unpriced = 0 and i.items <> t.items
                and coalesce(n.items <> t.items, true) then 'mirror_drift'
        end as kind,
        s.state || ' ' || s.currency || ' ' || coalesce(i.items, '') as ours,
        coalesce(t.status || ' ' || t.currency || ' ' || t.items, '') as theirs,
        greatest(t.created_at, t.canceled_at, s.canceled_at, s.started_at) as touched_at
    from ledger.subscriptions s
    left join stripe.subscriptions t on t.stripe_subscription_id = s.stripe_subscription_id
    left join lists i on i.subscription_id = s.subscription_id and i.moment = 'now'
    left join lists n on n.subscription_id = s.subscription_id and n.moment = 'next'
    where s.stripe_subscription_id is not null and s.mirror_state not in ('none', 'inexpressible')
)
select
    p.kind,
    p.stripe_subscription_id as subject,
    cast(null as varchar) as invoice_id,
    cast(null as varchar) as payment_intent_id,
    p.account_id,
    p.currency,
    cast(null as bigint) as amount_minor,
    p.ours,
    p.theirs,
    p.subscription_id || ' ' || p.stripe_subscription_id as evidence
from pairs p
cross join cut
left join ledger.waiting_facts w on w.object_id = p.stripe_subscription_id
where p.kind is not null
    and p.touched_at <= cut.cut_off
    and (w.last_received_at is null or w.last_received_at <= cut.cut_off)
