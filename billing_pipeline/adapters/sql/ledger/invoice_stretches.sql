-- What each line of an invoice deferred and over which days; line 0 for an invoice without lines.
-- in: invoice text, zone text    out: line_no int, minor bigint, starts date, ends date
select l.line_no, l.amount_minor - l.discount_minor - case when r.inclusive then l.tax_minor else 0 end as minor,
    coalesce((l.period_start at time zone :zone)::date, i.issued_on) as starts,
    coalesce((l.period_end at time zone :zone)::date, i.issued_on) as ends
from invoices as i
join invoice_lines as l using (invoice_id)
left join tax_rates as r using (tax_rate_id)
where i.invoice_id = :invoice and i.kind <> 'opening' and l.kind <> 'to_credit'
union all
select 0, i.total_minor - i.tax_minor, coalesce((i.period_start at time zone :zone)::date, i.issued_on),
    coalesce((i.period_end at time zone :zone)::date, i.issued_on)
from invoices as i
where i.invoice_id = :invoice and i.kind <> 'opening'
    and not exists (select from invoice_lines as l where l.invoice_id = i.invoice_id)
order by line_no
