-- How often a charge succeeds by its number and by why the one before it failed. Denominator: the tries of that number that have ended. attempt_no: 1 is the first charge of an invoice, 2 its first retry; the first ones that did not succeed are the failed invoices of involuntary_churn. Grain: one row per account segment, attempt, decline code of the attempt before and currency.
-- in: marts.tries    out: table marts.recovery_by_attempt
create or replace table marts.recovery_by_attempt as
select
    segment,
    attempt_no,
    decline_before,
    currency,
    count(*) as tries,
    count(*) filter (where outcome = 'succeeded') as succeeded,
    cast(sum(due_minor) as bigint) as tried_minor,
    cast(sum(case when outcome = 'succeeded' then due_minor else 0 end) as bigint) as succeeded_minor,
    cast(count(*) filter (where outcome = 'succeeded') * 1000000 // count(*) as bigint) as succeeded_ppm
from marts.tries
group by 1, 2, 3, 4
order by 1, 2, 3, 4
