-- One row per item of a subscription of which something changes at its next boundary, as it will be then; mirrors have it ahead of time.
-- in: nothing, it is pulled whole    out: the columns of the warehouse table ledger.planned_items
with waiting as (
    select c.change_id, c.subscription_id, c.kind, c.effective_at, c.wish ->> 'item_id' as item_id, c.wish ->> 'price_id' as price_id,
        cast(c.wish ->> 'quantity' as bigint) as quantity
    from subscription_changes c
    join subscriptions s on s.subscription_id = c.subscription_id and s.next_period_start = c.effective_at
    where c.applied_at is null and c.refused_reason is null and c.kind in ('add', 'remove', 'swap', 'quantity')
),
kept as (
    select i.item_id, i.subscription_id, i.price_id, i.quantity, w.effective_at
    from subscription_items i
    join (select distinct subscription_id, effective_at from waiting) w using (subscription_id)
    where i.valid_to is null
        and not exists (
            select from waiting r where r.kind = 'remove' and r.subscription_id = i.subscription_id and r.item_id = i.item_id
        )
),
planned as (
    select k.item_id, k.subscription_id, coalesce(p.price_id, k.price_id) as price_id, coalesce(q.quantity, k.quantity) as quantity,
        k.effective_at
    from kept k
    left join lateral (
        select w.price_id from waiting w
        where w.kind = 'swap' and w.subscription_id = k.subscription_id and coalesce(w.item_id, k.item_id) = k.item_id
        order by w.change_id desc limit 1
    ) p on true
    left join lateral (
        select w.quantity from waiting w
        where w.kind in ('swap', 'quantity') and w.quantity is not null
            and w.subscription_id = k.subscription_id and coalesce(w.item_id, k.item_id) = k.item_id
        order by w.change_id desc limit 1
    ) q on true
    union all
    select coalesce(item_id, 'change-' || change_id), subscription_id, price_id, coalesce(quantity, 1), effective_at
    from waiting where kind = 'add'
)
select n.item_id, n.subscription_id, n.price_id, n.quantity, n.effective_at, p.plan_id, p.stripe_price_id, p.usage
from planned n
join prices p using (price_id)
