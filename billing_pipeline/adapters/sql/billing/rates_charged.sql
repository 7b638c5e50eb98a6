-- The tax rate at which each price of a subscription was charged last: its unused time is given back with that one.
-- in: subscriptions text (ids joined by chr(31))    out: subscription_id, price_id, tax_rate_id text (null: untaxed)
select distinct on (i.subscription_id, l.price_id) i.subscription_id, l.price_id, l.tax_rate_id
from invoices i
join invoice_lines l using (invoice_id)
where i.subscription_id = any(string_to_array(:subscriptions, chr(31))) and i.state <> 'void'
    and l.kind in ('item', 'minimum', 'remaining_time') and l.price_id is not null
order by i.subscription_id, l.price_id, l.period_end desc, i.issued_at desc, l.line_no desc
