-- How accounts are billed; nothing is locked.
-- in: accounts text (ids joined by chr(31))    out: the account's terms of billing, one row each
select a.account_id, a.legal_entity_id, a.invoice_prefix, a.next_invoice_number, a.collection_method, a.net_terms_days,
    a.tax_status, a.tax_rate_id
from accounts as a
where a.account_id = any(string_to_array(:accounts, chr(31)))
order by a.account_id
