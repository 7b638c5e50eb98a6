-- The tax rate at which each price was charged last in the last tile of a subscription: its unused time is given back with that
-- one. What has no line there (an item that was imported meanwhile), or one on a void invoice only, was not charged.
-- in: subscriptions text (ids joined by chr(31))    out: subscription_id, price_id, tax_rate_id text (null: untaxed)
select distinct on (i.subscription_id, l.price_id) i.subscription_id, l.price_id, l.tax_rate_id
from invoices i
join invoice_lines l using (invoice_id)
where i.subscription_id = any(string_to_array(:subscriptions, chr(31))) and i.state <> 'void'
    and l.kind in ('item', 'minimum', 'remaining_time') and l.price_id is not null
    and l.period_end = (select max(b.period_end) from billed_periods b where b.subscription_id = i.subscription_id)
order by i.subscription_id, l.price_id, i.issued_at desc, l.line_no desc
