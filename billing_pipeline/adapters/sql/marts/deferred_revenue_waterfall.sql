-- When billed revenue is earned, before tax: each line spread over the days of its service in the zone of the closes, rounded on the running total as the ledger rounds it, so that the months sum to the line. Without voided invoices; what credit notes and write-offs take back stays in. Grain: one row per month of billing, month of service and currency.
-- in: ledger.invoices, ledger.invoice_lines, ledger.tax_rates, meta.publication    out: table marts.deferred_revenue_waterfall
create or replace table marts.deferred_revenue_waterfall as
with lines as (
    select
        cast(date_trunc('month', i.issued_on) as date) as billed_month,
        i.currency,
        l.invoice_id,
        l.line_no,
        l.amount_minor - l.discount_minor - case when coalesce(r.inclusive, false) then l.tax_minor else 0 end as net_minor,
        coalesce(cast(l.period_start at time zone p.zone as date), i.issued_on) as first_day,
        greatest(coalesce(cast(l.period_end at time zone p.zone as date), i.issued_on),
            coalesce(cast(l.period_start at time zone p.zone as date), i.issued_on) + 1) as end_day
    from ledger.invoice_lines l
    join ledger.invoices i on i.invoice_id = l.invoice_id
    cross join meta.publication p
    left join ledger.tax_rates r on r.tax_rate_id = l.tax_rate_id
    where i.state <> 'void' and i.kind <> 'opening' and l.kind <> 'to_credit'
),
months as (
    select
        l.*,
        cast(m.month as date) as service_month,
        greatest(cast(m.month as date), l.first_day) as from_day,
        least(cast(m.month + interval 1 month as date), l.end_day) as to_day
    from lines l
    cross join lateral (
        select unnest(generate_series(date_trunc('month', cast(l.first_day as timestamp)),
            cast(l.end_day - 1 as timestamp), interval 1 month)) as month
    ) m
)
select
    billed_month,
    service_month,
    currency,
    cast(sum(
        sign(net_minor) * (
            (2 * abs(net_minor) * date_diff('day', first_day, to_day) + date_diff('day', first_day, end_day))
                // (2 * date_diff('day', first_day, end_day))
            - (2 * abs(net_minor) * date_diff('day', first_day, from_day) + date_diff('day', first_day, end_day))
                // (2 * date_diff('day', first_day, end_day))
        )
    ) as bigint) as earned_minor,
    count(*) as lines
from months
group by billed_month, service_month, currency
order by billed_month, service_month, currency
