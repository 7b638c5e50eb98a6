-- Stripe customers that our accounts name and that are not known to be gone. Grain: one row per customer.
-- in: ledger.accounts, stripe.customers    out: customer_id text
select a.stripe_customer_id as customer_id
from ledger.accounts a
left join stripe.customers c on c.customer_id = a.stripe_customer_id
where a.stripe_customer_id is not null
    and a.erased_at is null
    and coalesce(c.state, 'live') <> 'deleted'
