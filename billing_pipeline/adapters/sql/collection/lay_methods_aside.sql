-- Takes the default away from every method of the account but one, and ends those that Stripe no longer lists.
-- in: account_id text, kept text[], default_id text, now timestamptz
update payment_methods
set is_default = false,
    detached_at = case when payment_method_id = any(:kept) then null else coalesce(detached_at, :now) end,
    updated_at = :now
where account_id = :account_id
  and ((is_default and payment_method_id <> :default_id)
       or (detached_at is null) <> (payment_method_id = any(:kept)))
