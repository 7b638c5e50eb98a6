-- Binds the database to a Stripe account and to the place where it lives; binding again raises the epoch.
-- in: stripe_account_id text, livemode bool, system_identifier text, database_oid bigint, bound_at timestamptz, reason text
-- out: nothing
insert into identity_lock (only_row, stripe_account_id, livemode, system_identifier, database_oid, epoch, bound_at, reason)
values (1, :stripe_account_id, :livemode, :system_identifier, :database_oid, 1, :bound_at, :reason)
on conflict (only_row) do update
set stripe_account_id = excluded.stripe_account_id, livemode = excluded.livemode,
    system_identifier = excluded.system_identifier, database_oid = excluded.database_oid,
    epoch = identity_lock.epoch + 1, bound_at = excluded.bound_at, reason = excluded.reason
