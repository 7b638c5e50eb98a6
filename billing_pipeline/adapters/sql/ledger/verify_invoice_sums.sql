-- Invoices whose lines do not add up to what they say.
-- in: limit int    out: subject text, detail text
select i.invoice_id as subject,
    format('total %s, lines %s; tax %s, lines %s; discount %s, lines %s', i.total_minor, l.total, i.tax_minor, l.tax,
        i.discount_minor, l.discount) as detail
from invoices as i
cross join lateral (
    select sum(l.amount_minor - l.discount_minor + case when r.inclusive then 0 else l.tax_minor end)::bigint as total,
        sum(l.tax_minor)::bigint as tax, sum(l.discount_minor)::bigint as discount
    from invoice_lines as l
    left join tax_rates as r using (tax_rate_id)
    where l.invoice_id = i.invoice_id
    having count(*) > 0
) as l
where (i.total_minor, i.tax_minor, i.discount_minor) is distinct from (l.total, l.tax, l.discount)
order by i.invoice_id
limit :limit
