-- The lines of the subscription's last period invoices, newest first.
-- in: subscription_id text, limit int    out: one row per line
select i.invoice_id, i.period_start, i.period_end, l.line_no, l.kind, l.description, coalesce(p.stripe_price_id, '') as price,
    l.quantity, l.amount_minor, l.discount_minor, l.tax_minor
from (
    select invoice_id, period_start, period_end from invoices
    where subscription_id = :subscription_id and kind = 'subscription' and charger = 'engine'
    order by period_start desc limit :limit
) as i
join invoice_lines as l using (invoice_id)
left join prices as p using (price_id)
order by i.period_start desc, l.line_no
