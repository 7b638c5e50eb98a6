-- Invoices that are not in the books as they were issued: receivable = due, tax = tax, deferred revenue = the net lines.
-- in: limit int    out: subject text, detail text
select i.invoice_id as subject,
    case when b.entries = 0 then 'issued without an entry'
        else format('books say due %s, tax %s, net %s; invoice says %s, %s, %s', b.due, b.tax, b.net, i.due_minor,
            i.tax_minor, n.net)
    end as detail
from invoices as i
cross join lateral (
    select coalesce(sum(l.amount_minor - l.discount_minor - case when r.inclusive then l.tax_minor else 0 end)
            filter (where l.kind <> 'to_credit'), case when count(*) = 0 then i.total_minor - i.tax_minor else 0 end)::bigint as net
    from invoice_lines as l
    left join tax_rates as r using (tax_rate_id)
    where l.invoice_id = i.invoice_id
) as n
cross join lateral (
    select count(distinct e.entry_id) as entries,
        coalesce(sum(p.minor) filter (where p.ledger_account = 1100), 0)::bigint as due,
        -coalesce(sum(p.minor) filter (where p.ledger_account = 2300), 0)::bigint as tax,
        -coalesce(sum(p.minor) filter (where p.ledger_account = 2100), 0)::bigint as net
    from journal_entries as e
    join postings as p using (entry_id)
    where e.source = 'invoice:' || i.invoice_id
) as b
where i.kind <> 'opening'
    and (i.due_minor, i.tax_minor, n.net) is distinct from (b.due, b.tax, b.net)
order by i.invoice_id
limit :limit
