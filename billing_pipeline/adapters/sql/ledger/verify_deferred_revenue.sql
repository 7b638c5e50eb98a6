-- Currencies whose deferred revenue is not what all lines deferred, less what was earned and what was taken back.
-- in: limit int    out: subject text, detail text
with stretches as (
    select i.currency, l.amount_minor - l.discount_minor - case when r.inclusive then l.tax_minor else 0 end as minor
    from invoices as i
    join invoice_lines as l using (invoice_id)
    left join tax_rates as r using (tax_rate_id)
    where i.kind <> 'opening' and l.kind <> 'to_credit'
    union all
    select i.currency, i.total_minor - i.tax_minor
    from invoices as i
    where i.kind <> 'opening' and not exists (select from invoice_lines as l where l.invoice_id = i.invoice_id)
    union all
    select i.currency, -a.minor
    from revenue_adjustments as a
    join invoices as i using (invoice_id)
),
booked as (
    select e.currency, -sum(p.minor)::bigint as minor,
        coalesce(sum(p.minor) filter (where e.kind = 'revenue_recognised'), 0)::bigint as recognised
    from postings as p
    join journal_entries as e using (entry_id)
    where p.ledger_account = 2100
    group by e.currency
),
planned as (select currency, sum(minor)::bigint as minor from stretches group by currency)
select coalesce(p.currency, b.currency) as subject,
    format('schedules leave %s, the books say %s', coalesce(p.minor, 0) - coalesce(b.recognised, 0), coalesce(b.minor, 0)) as detail
from planned as p
full join booked as b on b.currency = p.currency
where coalesce(p.minor, 0) - coalesce(b.recognised, 0) <> coalesce(b.minor, 0)
order by subject
limit :limit
