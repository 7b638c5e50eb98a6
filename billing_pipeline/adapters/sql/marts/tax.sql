-- Tax invoiced, by where and at which rate. Grain: one row per month, jurisdiction, rate and currency.
-- in: ledger.invoices, ledger.invoice_lines, ledger.tax_rates    out: table marts.tax
create or replace table marts.tax as
select
    cast(date_trunc('month', i.issued_on) as date) as month,
    coalesce(r.jurisdiction, 'none') as jurisdiction,
    coalesce(r.name, 'no tax') as tax_name,
    coalesce(r.rate_ppm, 0) as rate_ppm,
    coalesce(r.inclusive, false) as inclusive,
    i.currency,
    cast(sum(l.amount_minor - l.discount_minor - case when coalesce(r.inclusive, false) then l.tax_minor else 0 end) as bigint)
        as net_minor,
    cast(sum(l.tax_minor) as bigint) as tax_minor,
    count(distinct i.invoice_id) as invoices
from ledger.invoice_lines l
join ledger.invoices i on i.invoice_id = l.invoice_id
left join ledger.tax_rates r on r.tax_rate_id = l.tax_rate_id
where i.state <> 'void'
group by
    cast(date_trunc('month', i.issued_on) as date), coalesce(r.jurisdiction, 'none'), coalesce(r.name, 'no tax'),
    coalesce(r.rate_ppm, 0), coalesce(r.inclusive, false), i.currency
order by month, jurisdiction, rate_ppm
