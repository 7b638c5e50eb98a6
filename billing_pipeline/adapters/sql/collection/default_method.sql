-- The account's default payment method, its row locked.
-- in: account_id text    out: payment_method_id text
select payment_method_id from payment_methods
where account_id = :account_id and is_default and detached_at is null
for update
