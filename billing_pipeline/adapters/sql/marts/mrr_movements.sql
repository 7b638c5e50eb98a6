-- How recurring revenue moved: new, expansion, contraction, churn, reactivation. Grain: one row per month, currency and movement.
-- in: marts.account_mrr    out: table marts.mrr_movements
create or replace table marts.mrr_movements as
select month, currency, movement, count(*) as accounts, cast(sum(change_minor) as bigint) as change_minor
from marts.account_mrr
where movement <> 'unchanged'
group by month, currency, movement
order by month, currency, movement
