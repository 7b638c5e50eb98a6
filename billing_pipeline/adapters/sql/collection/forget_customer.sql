-- The account is no customer in Stripe any more: the one that it was is deleted.
-- in: account_id text, customer_id text    out: rows touched (0: it has another by now)
update accounts
set stripe_customer_id = null, customer_synced_digest = '', customer_deleted_at = null
where account_id = :account_id and stripe_customer_id = :customer_id and customer_deleted_at is not null
