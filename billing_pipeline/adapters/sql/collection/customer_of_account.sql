-- The customer of the account.
-- in: account_id text    out: stripe_customer_id text
select stripe_customer_id from accounts where account_id = :account_id
