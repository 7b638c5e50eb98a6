-- The Stripe customers of some accounts.
-- in: accounts text[]    out: account_id text, stripe_customer_id text
select account_id, stripe_customer_id from accounts
where account_id = any(:accounts) and stripe_customer_id is not null
