-- One row per account, without anything that names a person: no e-mail, no address, no tax id.
-- in: $1 bigint, the watermark: rows written by transactions from it on    out: the columns of the warehouse table ledger.accounts
select
    account_id, legal_entity_id, country, currency, segment, tax_status, collection_method, net_terms_days,
    stripe_customer_id, customer_deleted_at, created_at, suspended_at, erased_at, parked_reason, tx::text::bigint as
    tx
from accounts
where tx >= $1::bigint::text::xid8
