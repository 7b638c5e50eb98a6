-- Recurring revenue and its year's worth. Grain: one row per month and currency.
-- in: marts.account_mrr    out: table marts.arr
create or replace table marts.arr as
select
    month,
    currency,
    count(*) filter (where mrr_minor > 0) as paying_accounts,
    count(*) filter (where movement = 'churn') as churned_accounts,
    cast(sum(mrr_minor) as bigint) as mrr_minor,
    cast(sum(mrr_minor) * 12 as bigint) as arr_minor,
    cast(sum(case when movement = 'churn' then previous_mrr_minor else 0 end) as bigint) as churned_mrr_minor
from marts.account_mrr
group by month, currency
order by month, currency
