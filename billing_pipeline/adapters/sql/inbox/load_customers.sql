-- Accounts by their Stripe customer.
-- in: customers text[]    out: the columns of flows.ports.event_rows.CustomerRow
select stripe_customer_id, account_id, customer_deleted_at
from accounts
where stripe_customer_id = any(cast(:customers as text[]))
order by account_id
