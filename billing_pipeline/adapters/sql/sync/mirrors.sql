-- Subscriptions with their mirrors and what these are made of; the next boundary first.
-- The digest says what a mirror must follow from; a coupon that passes makes it change with every boundary.
-- in: names text[] or null for all; stale bool: only those whose mirror does not follow from them as they are now;
--     charger text or null: only living ones that it charges; segment text or null; due timestamptz or null: only those whose
--     boundary has come by then; limit int
-- out: the columns of subscriptions_to_bill, then the mirror, digests, Stripe's ids, one row each
with parts as (
    select s.subscription_id,
        coalesce(string_agg(concat_ws(' ', i.item_id, i.price_id, i.quantity::text, p.stripe_price_id, p.active::text), ','
            order by i.item_id), '') as items
    from subscriptions as s
    left join subscription_items as i on i.subscription_id = s.subscription_id and i.valid_to is null
    left join prices as p using (price_id)
    where cast(:names as text[]) is null or s.subscription_id = any(cast(:names as text[]))
    group by s.subscription_id
),
off as (
    select d.subscription_id, bool_or(c.duration <> 'forever' or d.ends_at is not null) as passes,
        string_agg(concat_ws(' ', d.coupon_id, c.stripe_coupon_id, d.started_at::text, d.ends_at::text), ','
            order by d.coupon_id) as coupons
    from subscription_discounts as d
    join coupons as c using (coupon_id)
    group by d.subscription_id
),
told as (
    select s.*, a.segment, a.collection_method, a.customer_deleted_at, a.tax_status, a.tax_rate_id,
        case when a.customer_deleted_at is null then a.stripe_customer_id end as customer_id,
        case when a.tax_status = 'taxable' then t.stripe_tax_rate_id end as stripe_tax,
        a.tax_status = 'taxable' and a.tax_rate_id is not null and t.stripe_tax_rate_id is null as tax_missing,
        md5(jsonb_build_array(
            s.state, s.currency, s.interval, s.interval_count, s.anchor_on, s.zone, s.trial_end, s.trial_without_card, s.cancel_at,
            s.paused_at is not null, s.suspended_at is not null, s.charger, s.next_period_start is null, parts.items, off.coupons,
            case when off.passes then s.next_period_start end, a.stripe_customer_id, a.customer_deleted_at, a.collection_method,
            a.tax_status, t.stripe_tax_rate_id,
            (select string_agg(c.change_id::text, ',' order by c.change_id) from subscription_changes as c
                where c.subscription_id = s.subscription_id and c.applied_at is null and c.refused_reason is null
                    and c.effective_at = s.next_period_start and c.kind in ('add', 'remove', 'swap', 'quantity'))
        )::text) as digest
    from subscriptions as s
    join parts using (subscription_id)
    join accounts as a using (account_id)
    left join tax_rates as t using (tax_rate_id)
    left join off on off.subscription_id = s.subscription_id
)
select s.subscription_id, s.account_id, s.currency, s.state, s.interval, s.interval_count, s.anchor_on, s.zone, s.started_at,
    s.trial_end, s.trial_without_card, s.next_period_start, s.cancel_at, s.canceled_at, s.ended_at, s.paused_at, s.resumes_at,
    s.suspended_at, s.charger, b.period_start as last_start, b.period_end as last_end, b.charger as last_charger,
    case when b.charger = 'none' then not exists (
        select from billed_periods as p where p.subscription_id = s.subscription_id and p.charger <> 'none'
    ) else false end as none_yet,
    cast(null as timestamptz) as change_at, true as has_card,
    s.stripe_subscription_id, s.mirror_state, s.mirror_digest, s.mirror_reason, s.digest, s.customer_id, s.stripe_tax,
    s.tax_missing, s.collection_method, s.segment,
    exists (
        select from stripe_takeovers as o where o.subscription_id = s.subscription_id and o.state = 'planned') as switching,
    coalesce((select m.payment_method_id from payment_methods as m
        where m.account_id = s.account_id and m.is_default and m.detached_at is null), '') as method,
    (select count(*) from subscription_changes as c where c.subscription_id = s.subscription_id and c.applied_at is null
        and c.refused_reason is null) as changes_waiting
from told as s
left join lateral (
    select period_start, period_end, charger from billed_periods
    where subscription_id = s.subscription_id order by period_start desc limit 1
) as b on true
where (not :stale or ((s.mirror_digest <> s.digest or s.mirror_state = 'created')
        and not (s.state = 'canceled' and s.mirror_state in ('none', 'canceled', 'inexpressible') and s.mirror_digest = s.digest)))
    and (cast(:charger as text) is null or (s.charger = :charger and s.state <> 'canceled' and s.parked_reason is null))
    and (cast(:segment as text) is null or s.segment = :segment)
    and (cast(:due as timestamptz) is null or s.next_period_start <= :due)
order by s.next_period_start nulls last, s.subscription_id
limit :limit
