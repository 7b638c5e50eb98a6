-- The next accounts that have changes due, locked; accounts that another worker holds are passed by.
-- in: until timestamptz, after text, limit int    out: the account's terms of billing, one row each
select a.account_id, a.legal_entity_id, a.invoice_prefix, a.next_invoice_number, a.collection_method, a.net_terms_days,
    a.tax_status, a.tax_rate_id
from accounts as a
where a.account_id > :after and a.parked_reason is null and a.erased_at is null
    and a.account_id in (
        select s.account_id
        from subscription_changes as c
        join subscriptions as s using (subscription_id)
        where c.applied_at is null and c.refused_reason is null and c.effective_at <= :until and s.parked_reason is null
    )
order by a.account_id
limit :limit
for no key update of a skip locked
