-- Monthly recurring revenue of each account at the end of each month: what its running lines cost per month, after discounts, before tax, without usage. Grain: one row per month, account and currency with recurring revenue then or the month before.
-- in: marts.months, ledger.invoices, ledger.invoice_lines, ledger.subscriptions, ledger.tax_rates    out: table marts.account_mrr
create or replace table marts.account_mrr as
with lines as (
    select
        i.account_id,
        i.currency,
        i.subscription_id,
        l.amount_minor - l.discount_minor - case when coalesce(r.inclusive, false) then l.tax_minor else 0 end as net_minor,
        l.period_start,
        l.period_end,
        epoch_ms(l.period_end) - epoch_ms(l.period_start) as length_ms,
        max(case when l.kind in ('item', 'minimum') then epoch_ms(l.period_end) - epoch_ms(l.period_start) end)
            over (partition by i.subscription_id, l.period_end) as whole_ms,
        s.interval_count * case s.interval when 'year' then 12 else 1 end as months,
        case s.interval when 'week' then 7 * s.interval_count when 'day' then s.interval_count end as days
    from ledger.invoice_lines l
    join ledger.invoices i on i.invoice_id = l.invoice_id
    join ledger.subscriptions s on s.subscription_id = i.subscription_id
    left join ledger.tax_rates r on r.tax_rate_id = l.tax_rate_id
    where l.kind in ('item', 'minimum', 'unused_time', 'remaining_time')
        and i.state <> 'void'
        and l.period_start is not null
        and l.period_end > l.period_start
),
monthly as (
    select
        m.month,
        l.account_id,
        l.currency,
        cast(sum(
            case
                when l.days is not null then (l.net_minor * coalesce(l.whole_ms, l.length_ms) * 365) // (l.length_ms * 12 * l.days)
                else (l.net_minor * coalesce(l.whole_ms, l.length_ms)) // (l.length_ms * l.months)
            end
        ) as bigint) as mrr_minor
    from lines l
    join marts.months m on l.period_start <= m.measured_at and l.period_end > m.measured_at
    group by m.month, l.account_id, l.currency
),
seen as (
    select account_id, currency, min(month) as first_month from monthly where mrr_minor > 0 group by account_id, currency
),
every_month as (
    select m.month, s.account_id, s.currency, s.first_month, coalesce(n.mrr_minor, 0) as mrr_minor
    from seen s
    join marts.months m on m.month >= s.first_month
    left join monthly n on n.month = m.month and n.account_id = s.account_id and n.currency = s.currency
),
compared as (
    select
        month,
        account_id,
        currency,
        first_month,
        mrr_minor,
        coalesce(lag(mrr_minor) over (partition by account_id, currency order by month), 0) as previous_mrr_minor
    from every_month
)
select
    month,
    account_id,
    currency,
    first_month as cohort_month,
    mrr_minor,
    previous_mrr_minor,
    mrr_minor - previous_mrr_minor as change_minor,
    case
        when month = first_month then 'new'
        when previous_mrr_minor = 0 and mrr_minor > 0 then 'reactivation'
        when previous_mrr_minor > 0 and mrr_minor = 0 then 'churn'
        when mrr_minor > previous_mrr_minor then 'expansion'
        when mrr_minor < previous_mrr_minor then 'contraction'
        else 'unchanged'
    end as movement
from compared
where mrr_minor <> 0 or previous_mrr_minor <> 0
