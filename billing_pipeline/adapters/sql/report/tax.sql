-- Tax invoiced in the month.
-- in: $month    out: jurisdiction text, tax_name text, rate_ppm bigint, currency text, net_minor, tax_minor, invoices bigint
select jurisdiction, tax_name, rate_ppm, currency, net_minor, tax_minor, invoices
from marts.tax
where month = $month
order by jurisdiction, rate_ppm, currency
