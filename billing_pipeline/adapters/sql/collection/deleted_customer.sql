-- The customer of an account, where it was deleted in Stripe and another can be made.
-- in: account_id text    out: stripe_customer_id text
select stripe_customer_id from accounts
where account_id = :account_id and customer_deleted_at is not null and erased_at is null and parked_reason is null
