-- What Stripe kept: of payments, for disputes, and everything else, such as its own fees, contributions, and fees of payouts and top-ups. Grain: one row per month and settlement currency.
-- in: stripe.balance_transactions    out: table marts.fees
create or replace table marts.fees as
select
    cast(date_trunc('month', created_at at time zone 'UTC') as date) as month,
    currency,
    cast(sum(case when reporting_category = 'charge' then amount_minor else 0 end) as bigint) as sales_minor,
    cast(sum(case when reporting_category = 'charge' then fee_minor else 0 end) as bigint) as payment_fees_minor,
    cast(sum(case when reporting_category in ('dispute', 'dispute_reversal') then fee_minor else 0 end) as bigint) as dispute_fees_minor,
    cast(sum(
        case
            when reporting_category in (
                'fee', 'network_cost', 'tax', 'other_adjustment', 'contribution', 'climate_order_purchase', 'climate_order_refund'
            ) then -net_minor
            when reporting_category not in ('charge', 'dispute', 'dispute_reversal') then fee_minor
            else 0
        end
    ) as bigint) as other_fees_minor,
    cast(sum(case when reporting_category = 'charge' then fee_minor else 0 end) * 1000000
        // nullif(sum(case when reporting_category = 'charge' then amount_minor else 0 end), 0) as bigint) as payment_fees_ppm
from stripe.balance_transactions
group by cast(date_trunc('month', created_at at time zone 'UTC') as date), currency
order by month, currency
