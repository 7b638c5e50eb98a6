-- What moved through Stripe on a day, by Stripe's own days (UTC) and settlement currency; column names as in dbt_stripe. Grain: one row per day and currency.
-- in: stripe.balance_transactions    out: table marts.daily_overview
create or replace table marts.daily_overview as
select
    cast(created_at at time zone 'UTC' as date) as date,
    currency,
    cast(sum(case when reporting_category = 'charge' then amount_minor else 0 end) as bigint) as total_daily_sales_amount_minor,
    cast(sum(case when reporting_category = 'refund' then amount_minor else 0 end) as bigint) as total_daily_refunds_amount_minor,
    cast(sum(case when reporting_category in ('dispute', 'dispute_reversal', 'other_adjustment') then amount_minor else 0 end) as bigint)
        as total_daily_adjustments_amount_minor,
    cast(sum(case when reporting_category in ('charge', 'refund', 'dispute', 'dispute_reversal', 'other_adjustment') then 0
        when reporting_category like 'payout%' then 0 else amount_minor end) as bigint) as total_daily_other_transactions_amount_minor,
    cast(sum(case when reporting_category like 'payout%' then 0 else amount_minor end) as bigint)
        as total_daily_gross_transaction_amount_minor,
    cast(sum(case when reporting_category like 'payout%' then 0 else net_minor end) as bigint)
        as total_daily_net_transactions_amount_minor,
    cast(sum(case when reporting_category = 'payout' then amount_minor else 0 end) as bigint) as total_daily_payout_amount_minor,
    cast(sum(case when reporting_category = 'charge' then fee_minor else 0 end) as bigint) as total_daily_payout_fee_amount_minor,
    count(*) filter (where reporting_category = 'charge') as daily_sales_count,
    count(*) filter (where reporting_category = 'refund') as daily_refunds_count,
    count(*) filter (where reporting_category in ('dispute', 'dispute_reversal', 'other_adjustment')) as daily_adjustments_count
from stripe.balance_transactions
group by cast(created_at at time zone 'UTC' as date), currency
order by date, currency
