-- How often a charge succeeds by its number and by why the one before it failed. Denominator: the tries of that number that have ended. attempt_no: 1 is the first charge of an invoice, 2 its first retry. Grain: one row per account segment, attempt, decline code of the attempt before and currency.
-- in: ledger.stripe_attempts, ledger.invoices, ledger.accounts    out: table marts.recovery_by_attempt
create or replace table marts.recovery_by_attempt as
with tries as (
    select
        i.invoice_id,
        i.currency,
        i.due_minor,
        a.segment,
        t.outcome,
        row_number() over (partition by i.invoice_id order by t.started_at, t.attempt_id) as attempt_no,
        lag(t.decline_code) over (partition by i.invoice_id order by t.started_at, t.attempt_id) as decline_before
    from ledger.stripe_attempts t
    join ledger.invoices i on i.invoice_id = regexp_replace(t.subject, '#[0-9]+$', '')
    join ledger.accounts a on a.account_id = i.account_id
    where t.operation in ('charge', 'confirm') and t.outcome in ('succeeded', 'declined', 'requires_action', 'refused')
)
select
    segment,
    attempt_no,
    case when attempt_no = 1 then 'first' else coalesce(nullif(decline_before, ''), 'none') end as decline_before,
    currency,
    count(*) as tries,
    count(*) filter (where outcome = 'succeeded') as succeeded,
    cast(sum(due_minor) as bigint) as tried_minor,
    cast(sum(case when outcome = 'succeeded' then due_minor else 0 end) as bigint) as succeeded_minor,
    cast(count(*) filter (where outcome = 'succeeded') * 1000000 // count(*) as bigint) as succeeded_ppm
from tries
group by 1, 2, 3, 4
order by 1, 2, 3, 4
