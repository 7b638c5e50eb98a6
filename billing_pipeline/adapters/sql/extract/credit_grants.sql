-- One row per credit grant.
-- in: $1 bigint, the watermark: rows written by transactions from it on    out: the columns of the warehouse table ledger.credit_grants
select
    credit_grant_id, account_id, currency, kind, priority, amount_minor, remaining_minor, granted_at, expires_at,
    expired_at, source
from credit_grants
where tx >= $1::bigint::text::xid8
