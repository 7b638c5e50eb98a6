-- The account is that customer, who was told what the digest stands for.
-- in: account_id text, customer_id text, digest text
update accounts
set stripe_customer_id = :customer_id, customer_synced_digest = :digest
where account_id = :account_id and (stripe_customer_id is null or stripe_customer_id = :customer_id)
