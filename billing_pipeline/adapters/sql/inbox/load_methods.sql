-- Payment methods by id, and all of the accounts with these customers, locked.
-- in: methods text[], customers text[]    out: the columns of flows.ports.event_rows.MethodRow
select payment_method_id, account_id, type, brand, last4, fingerprint, country, exp_month, exp_year, is_default, attached_at,
       detached_at
from payment_methods
where payment_method_id = any(cast(:methods as text[]))
   or account_id in (select account_id from accounts where stripe_customer_id = any(cast(:customers as text[])))
order by payment_method_id
for no key update
