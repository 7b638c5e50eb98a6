-- Credit grants, the newest last, of one account or of all.
-- in: account text ('' for all), with_spent bool
-- out: credit_grant_id, account_id, kind, currency, amount_minor, remaining_minor, granted_at, expires_at, expired_at, priority, note
select credit_grant_id, account_id, kind, currency, amount_minor, remaining_minor, granted_at, expires_at, expired_at, priority,
    note
from credit_grants
where (:account = '' or account_id = :account) and (:with_spent or remaining_minor > 0)
order by account_id, granted_at, credit_grant_id
