-- Notes customers that Stripe does not have any more.
-- in: account_id text[], deleted_at timestamptz[]    out: rows touched
update accounts
set customer_deleted_at = new.deleted_at
from unnest(cast(:account_id as text[]), cast(:deleted_at as timestamptz[])) as new (account_id, deleted_at)
where accounts.account_id = new.account_id
