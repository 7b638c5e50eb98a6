-- The lines of the invoice of each subscription's last tile, in order: what its coupons were shared by.
-- in: subscriptions text (ids joined by chr(31))
-- out: subscription_id text, amount_minor bigint, in_advance boolean (of an item that is paid in advance), one row per line
select b.subscription_id, l.amount_minor, p.usage = 'licensed' and l.kind in ('item', 'minimum') as in_advance
from (
    select distinct on (subscription_id) subscription_id, invoice_id
    from billed_periods
    where subscription_id = any(string_to_array(:subscriptions, chr(31)))
    order by subscription_id, period_start desc
) as b
join invoice_lines as l using (invoice_id)
join prices as p using (price_id)
order by b.subscription_id, l.line_no
