-- The facts that Stripe told about an account's customer, the one that it was before too, and about its methods and payments.
-- in: account text    out: inbox_id bigint, payload jsonb
with names as (
    select stripe_customer_id as name from accounts where account_id = :account
    union
    select object_id from stripe_attempts where operation = 'customer' and subject in (:account, :account || '#tax')
    union
    select payment_method_id from payment_methods where account_id = :account
    union
    select c.payment_intent_id from collections as c join invoices as i using (invoice_id) where i.account_id = :account
    union
    select unnest(array[payment_id, charge_id]) from payments where account_id = :account
)
select inbox_id, payload
from inbox
where object_id in (select name from names)
    or payload ->> 'customer' in (select name from names)
    or payload ->> 'charge' in (select name from names)
    or payload ->> 'payment_intent' in (select name from names)
order by inbox_id
for update
