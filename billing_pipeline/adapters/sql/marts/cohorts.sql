-- Who stays: of the accounts that began in a month, how many still pay later. Grain: one row per cohort month, month and currency.
-- in: marts.account_mrr    out: table marts.cohorts
create or replace table marts.cohorts as
select
    cohort_month,
    month,
    currency,
    date_diff('month', cohort_month, month) as age_months,
    max(count(*) filter (where month = cohort_month)) over (partition by cohort_month, currency) as accounts_at_start,
    count(*) filter (where mrr_minor > 0) as accounts,
    cast(sum(mrr_minor) as bigint) as mrr_minor
from marts.account_mrr
group by cohort_month, month, currency
order by cohort_month, month, currency
