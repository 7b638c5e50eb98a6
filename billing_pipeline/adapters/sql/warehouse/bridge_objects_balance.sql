-- Charges and refunds to the movements of Stripe's balance. Grain: one row per charge or refund.
-- Days: of objects the close zone's day, of the balance Stripe's own.
-- in: stripe.charges, stripe.refunds, stripe.balance_transactions, cut    out: the columns of a crossing
with objects as (
    select currency, created_at, captured_minor as minor, balance_transaction_id
    from stripe.charges
    where status = 'succeeded' and captured
    union all
    select currency, created_at, -amount_minor, balance_transaction_id
    from stripe.refunds
    where status in ('succeeded', 'pending', 'requires_action')
)
select
    'objects_to_balance' as bridge,
    o.currency,
    cast(o.created_at at time zone cut.close_zone as date) as left_day,
    o.minor as left_minor,
    cast(m.created_at at time zone 'UTC' as date) as right_day,
    case when m.currency = o.currency then m.amount_minor end as right_minor,
    case
        when m.balance_transaction_id is null then 'no_balance_transaction_yet'
        when m.currency <> o.currency then 'settled_in_another_currency'
        else 'utc_shift'
    end as why
from objects o
cross join cut
left join stripe.balance_transactions m on m.balance_transaction_id = o.balance_transaction_id
