-- Credit grants that have expired and are not booked so, locked; a grant that an invoice is using is passed by.
-- in: now timestamptz, limit int    out: one row per grant
select credit_grant_id, account_id, currency, kind, priority, amount_minor, remaining_minor, granted_at, expires_at
from credit_grants
where expires_at <= :now and expired_at is null
order by credit_grant_id
limit :limit
for no key update skip locked
