-- One row per item of a subscription and period of validity.
-- in: nothing, it is pulled whole    out: the columns of the warehouse table ledger.subscription_items
select
    i.item_id, i.subscription_id, i.price_id, i.quantity, i.valid_from, i.valid_to, i.stripe_item_id, p.plan_id,
    p.stripe_price_id, p.scheme, p.usage, p.interval, p.interval_count, p.unit_minor, p.currency
from subscription_items i
join prices p using (price_id)
