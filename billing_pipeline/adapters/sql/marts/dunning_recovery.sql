-- What dunning brought back, by step and by the kind of decline that stood then. Denominator: invoices that reached the step (owed_minor: what they owed in that moment). paid_after: paid at any time afterwards; recovered: the step was the last one before the payment; of several at one moment the retry, then the gravest. Grain: one row per policy version, segment, step, decline class and currency.
-- in: ledger.dunning_steps, ledger.invoices    out: table marts.dunning_recovery
create or replace table marts.dunning_recovery as
with steps as (
    select
        d.policy_version,
        d.segment,
        d.step,
        d.action,
        coalesce(nullif(d.decline_class, ''), 'none') as decline_class,
        i.currency,
        d.owed_minor,
        i.paid_at is not null and i.paid_at >= d.taken_at as paid_after,
        i.paid_at is not null and i.paid_at >= d.taken_at and 1 = row_number() over (
            partition by d.invoice_id, d.taken_at <= i.paid_at
            order by d.taken_at desc,
                     case d.action when 'retry' then 0 when 'write_off' then 1 when 'cancel' then 2 when 'suspend' then 3 else 4 end,
                     d.step
        ) as recovered_by_it,
        date_diff('day', d.taken_at, i.paid_at) as days_to_payment
    from ledger.dunning_steps d
    join ledger.invoices i on i.invoice_id = d.invoice_id
    where d.action <> 'reinstate' and d.outcome = 'taken'
)
select
    policy_version,
    segment,
    step,
    action,
    decline_class,
    currency,
    count(*) as invoices,
    count(*) filter (where paid_after) as paid_after,
    count(*) filter (where recovered_by_it) as recovered,
    cast(sum(owed_minor) as bigint) as owed_minor,
    cast(sum(case when recovered_by_it then owed_minor else 0 end) as bigint) as recovered_minor,
    cast(sum(case when recovered_by_it then owed_minor else 0 end) * 1000000 // nullif(sum(owed_minor), 0) as bigint) as recovered_ppm,
    cast(median(case when recovered_by_it then days_to_payment end) as bigint) as median_days_to_payment
from steps
group by policy_version, segment, step, action, decline_class, currency
order by policy_version, segment, step, decline_class, currency
