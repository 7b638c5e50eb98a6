-- The accounts of a range with something due, locked. An account that another worker holds is passed by: that worker bills
-- it. Not "for update": rows that refer to an account can still be written meanwhile.
-- in: low text, high text or null, until timestamptz    out: the account's terms of billing, one row each
select a.account_id, a.legal_entity_id, a.invoice_prefix, a.next_invoice_number, a.collection_method, a.net_terms_days,
    a.tax_status, a.tax_rate_id
from accounts as a
where a.account_id >= :low and (cast(:high as text) is null or a.account_id < :high)
    and a.parked_reason is null and a.erased_at is null
    and exists (
        select from subscriptions as s
        where s.account_id = a.account_id and s.next_period_start <= :until and s.parked_reason is null
            and s.charger = 'engine'
    )
order by a.account_id
for no key update of a skip locked
