-- How charges ended, by decline code. Grain: one row per month, operation, number of the attempt, outcome and decline code.
-- in: ledger.stripe_attempts, meta.publication    out: table marts.attempts
create or replace table marts.attempts as
select
    cast(date_trunc('month', started_at at time zone zone) as date) as month,
    operation,
    attempt,
    coalesce(outcome, 'unknown') as outcome,
    coalesce(nullif(decline_code, ''), 'none') as decline_code,
    count(*) as attempts
from ledger.stripe_attempts
cross join meta.publication
where operation in ('charge', 'confirm')
group by 1, 2, 3, 4, 5
order by 1, 2, 3, 4, 5
