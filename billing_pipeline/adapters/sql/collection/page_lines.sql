-- The lines of an invoice, in order, in minor units of its currency.
-- in: invoice_id text    out: description text, amount_minor bigint
select l.description,
       l.amount_minor - l.discount_minor
       + case when coalesce(t.inclusive, true) then 0 else l.tax_minor end as amount_minor
from invoice_lines l
left join tax_rates t using (tax_rate_id)
where l.invoice_id = :invoice_id
order by l.line_no
