-- What payouts are made of to the payouts. Grain: one row per payout.
-- Days: Stripe's own, of both ends.
-- in: stripe.payouts, stripe.payout_transactions, stripe.balance_transactions    out: the columns of a crossing
select
    'balance_to_payouts' as bridge,
    p.currency,
    case when m.net_minor is not null then cast(p.created_at at time zone 'UTC' as date) end as left_day,
    m.net_minor as left_minor,
    cast(p.created_at at time zone 'UTC' as date) as right_day,
    p.amount_minor as right_minor,
    case when m.net_minor is null then 'not_itemised_by_stripe' else 'payout_mismatch' end as why
from stripe.payouts p
left join (
    select x.payout_id, cast(sum(t.net_minor) as bigint) as net_minor
    from stripe.payout_transactions x
    join stripe.balance_transactions t on t.balance_transaction_id = x.balance_transaction_id
    group by x.payout_id
) m on m.payout_id = p.payout_id
where p.status not in ('failed', 'canceled')
