-- Payments and refunds from the journal to Stripe's charges and refunds. Grain: one row per entry.
-- Days: of the ledger the accounting date, of objects the close zone's day.
-- in: booked, stripe.charges, stripe.refunds, cut    out: the columns of a crossing
with objects as (
    select 'payment:' || charge_id as source, currency, created_at, captured_minor as minor
    from stripe.charges
    where status = 'succeeded' and captured
    union all
    select 'refund:' || refund_id, currency, created_at, -amount_minor
    from stripe.refunds
    where status in ('succeeded', 'pending', 'requires_action', 'failed', 'canceled')
    union all
    select 'refund_failed:' || refund_id, currency, created_at, amount_minor
    from stripe.refunds
    where status in ('failed', 'canceled')
)
select
    'ledger_to_objects' as bridge,
    coalesce(o.currency, b.currency) as currency,
    b.accounting_date as left_day,
    b.stripe_minor as left_minor,
    cast(o.created_at at time zone cut.close_zone as date) as right_day,
    o.minor as right_minor,
    case
        when o.source is not null then ''
        when b.kind = 'payment_returned' or r.source is not null then 'returned_by_the_bank'
        when b.kind = 'payment' and b.source like 'payment:%' then 'missing_in_stripe'
        when b.source like 'refund%' then 'refund_mismatch'
        else ''
    end as why
from booked b
cross join cut
left join objects o on o.source = b.source
left join (select source from booked where kind = 'payment_returned') r on r.source = replace(b.source, 'payment:', 'bank_return:')
where b.stripe_minor <> 0 and b.kind in ('payment', 'refund', 'refund_failed', 'payment_returned')
