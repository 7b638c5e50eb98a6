-- How many invoices for changes subscriptions got on a day.
-- in: subscriptions text (ids joined by chr(31)), day date    out: subscription_id text, invoices bigint
select subscription_id, count(*) as invoices
from invoices
where subscription_id = any(string_to_array(:subscriptions, chr(31))) and kind = 'change' and issued_on = :day
group by subscription_id
