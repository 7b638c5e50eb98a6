-- What failed charges cost and what was saved of it. Denominator: every invoice whose first charge failed in that month, voided ones left out. saved: paid before dunning canceled or wrote it off (by_retry: the engine's own later try brought it); lost: canceled or written off and not paid before that (paid_late: paid all the same afterwards); open: neither yet. Customers count as saved when nothing of theirs that failed in that month is lost or open. Grain: one row per month, account segment and currency.
-- in: marts.tries, ledger.invoices, ledger.dunning_steps, meta.publication    out: table marts.involuntary_churn
create or replace table marts.involuntary_churn as
with ends as (
    select invoice_id, min(taken_at) as ended_at
    from ledger.dunning_steps
    where action in ('cancel', 'write_off') and outcome = 'taken'
    group by invoice_id
),
failed as (
    select
        cast(date_trunc('month', f.started_at at time zone p.zone) as date) as month,
        f.segment,
        f.currency,
        f.account_id,
        f.due_minor,
        i.paid_at is not null as paid,
        i.paid_at is not null and (e.ended_at is null or i.paid_at < e.ended_at) as saved,
        e.ended_at is not null and (i.paid_at is null or i.paid_at >= e.ended_at) as lost,
        exists (select 1 from marts.tries r where r.invoice_id = f.invoice_id and r.attempt_no > 1 and r.outcome = 'succeeded') as by_retry,
        date_diff('day', f.started_at, i.paid_at) as days_to_payment
    from marts.tries f
    cross join meta.publication p
    join ledger.invoices i on i.invoice_id = f.invoice_id
    left join ends e on e.invoice_id = f.invoice_id
    where f.attempt_no = 1 and f.outcome <> 'succeeded'
),
customers as (
    select month, segment, currency, account_id, bool_and(saved) as saved, bool_or(lost) as lost
    from failed
    group by month, segment, currency, account_id
),
heads as (
    select month, segment, currency, count(*) as customers_failed, count(*) filter (where saved) as customers_saved,
           count(*) filter (where lost) as customers_lost
    from customers
    group by month, segment, currency
)
select
    month,
    segment,
    currency,
    count(*) as invoices_failed,
    count(*) filter (where saved) as invoices_saved,
    count(*) filter (where lost) as invoices_lost,
    cast(sum(due_minor) as bigint) as failed_minor,
    cast(sum(case when saved then due_minor else 0 end) as bigint) as saved_minor,
    cast(sum(case when saved and by_retry then due_minor else 0 end) as bigint) as saved_by_retry_minor,
    cast(sum(case when lost then due_minor else 0 end) as bigint) as lost_minor,
    cast(sum(case when lost and paid then due_minor else 0 end) as bigint) as paid_late_minor,
    cast(sum(case when not saved and not lost then due_minor else 0 end) as bigint) as open_minor,
    cast(sum(case when saved then due_minor else 0 end) * 1000000 // sum(due_minor) as bigint) as saved_ppm,
    any_value(customers_failed) as customers_failed,
    any_value(customers_saved) as customers_saved,
    any_value(customers_lost) as customers_lost,
    cast(median(case when saved then days_to_payment end) as bigint) as median_days_to_recover
from failed
join heads using (month, segment, currency)
group by month, segment, currency
order by month, segment, currency
