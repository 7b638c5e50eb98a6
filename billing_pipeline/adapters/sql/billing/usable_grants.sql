-- The credit grants that accounts can still spend, locked. Those that have expired by now are left out.
-- in: accounts text (ids joined by chr(31)), now timestamptz    out: one row per grant
select credit_grant_id, account_id, currency, kind, priority, amount_minor, remaining_minor, granted_at, expires_at
from credit_grants
where account_id = any(string_to_array(:accounts, chr(31))) and remaining_minor > 0 and expired_at is null
    and (expires_at is null or expires_at > :now)
order by account_id, credit_grant_id
for no key update
