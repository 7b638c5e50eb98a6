-- What dunning brought back, by step and by why the money did not come: of the invoices that reached the step, those paid afterwards; the last step before the payment takes the credit. Grain: one row per policy version, step, decline code and currency.
-- in: ledger.dunning_steps, ledger.invoices, ledger.collections    out: table marts.dunning_recovery
create or replace table marts.dunning_recovery as
with steps as (
    select
        d.policy_version,
        d.segment,
        d.step,
        d.action,
        coalesce(nullif(c.last_decline, ''), 'none') as decline_code,
        i.currency,
        i.invoice_id,
        i.due_minor,
        i.paid_at is not null and i.paid_at >= d.taken_at as paid_after,
        i.paid_at is not null and i.paid_at >= d.taken_at and d.taken_at = max(case when d.taken_at <= i.paid_at then d.taken_at end)
            over (partition by i.invoice_id) as recovered_by_it,
        date_diff('day', d.taken_at, i.paid_at) as days_to_payment
    from ledger.dunning_steps d
    join ledger.invoices i on i.invoice_id = d.invoice_id
    left join (
        select invoice_id, max(last_decline) as last_decline from ledger.collections group by invoice_id
    ) c on c.invoice_id = d.invoice_id
)
select
    policy_version,
    segment,
    step,
    action,
    decline_code,
    currency,
    count(*) as invoices,
    count(*) filter (where paid_after) as paid_after,
    count(*) filter (where recovered_by_it) as recovered,
    cast(sum(due_minor) as bigint) as due_minor,
    cast(sum(case when recovered_by_it then due_minor else 0 end) as bigint) as recovered_minor,
    cast(median(case when recovered_by_it then days_to_payment end) as bigint) as median_days_to_payment
from steps
group by policy_version, segment, step, action, decline_code, currency
order by policy_version, segment, step, decline_code, currency
