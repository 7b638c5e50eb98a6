-- The months that the books cover, each with the moment at which stocks are measured; months of the zone of the closes. Grain: one row per month.
-- in: ledger.invoices, meta.freshness, meta.publication    out: table marts.months (measured_at: the month's last second, or now for the current one)
create or replace table marts.months as
with bounds as (
    select
        date_trunc('month', min(issued_on)) as first_month,
        (select max(landed_at) from meta.freshness where table_name = 'ledger.invoices') as now_at
    from ledger.invoices
)
select
    cast(m.month as date) as month,
    least((m.month + interval 1 month) at time zone p.zone - interval 1 second, b.now_at) as measured_at
from bounds b
cross join meta.publication p
cross join lateral (
    select unnest(generate_series(cast(b.first_month as timestamp), b.now_at at time zone p.zone, interval 1 month)) as month
) m
