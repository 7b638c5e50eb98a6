-- Marks the account whose customer was deleted in Stripe, once.
-- in: customer_id text, now timestamptz
update accounts set customer_deleted_at = :now
where stripe_customer_id = :customer_id and customer_deleted_at is null
