-- The lines of an invoice with their tax rate, in order.
-- in: invoice text    out: kind, description, quantity, amount_minor, discount_minor, tax_minor, period_start, period_end,
--   tax_name text, rate_ppm bigint, inclusive bool (null without a tax rate)
select l.kind, l.description, l.quantity, l.amount_minor, l.discount_minor, l.tax_minor, l.period_start, l.period_end,
    r.name as tax_name, r.rate_ppm, r.inclusive
from invoice_lines as l
left join tax_rates as r using (tax_rate_id)
where l.invoice_id = :invoice
order by l.line_no
