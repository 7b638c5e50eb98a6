-- An invoice with its seller and its buyer, for the document.
-- in: invoice text    out: all that stands on the document outside its lines
select i.invoice_id, i.number, i.kind, i.state, i.currency, i.issued_on, i.due_on, i.period_start, i.period_end,
    i.subtotal_minor, i.discount_minor, i.tax_minor, i.total_minor, i.previous_balance_minor, i.credits_minor, i.carried_minor,
    i.due_minor, i.paid_minor, i.credited_minor, i.collection_method, i.issued_at, i.paid_at,
    e.name as seller_name, e.address as seller_address, e.country as seller_country, e.tax_id as seller_tax_id, e.footer,
    a.account_id, a.name as buyer_name, a.email as buyer_email, a.country as buyer_country, a.tax_id as buyer_tax_id,
    a.address as buyer_address, a.tax_status, a.locale, a.zone
from invoices as i
join accounts as a using (account_id)
join legal_entities as e on e.legal_entity_id = i.legal_entity_id
where i.invoice_id = :invoice or i.number = :invoice
order by i.invoice_id = :invoice desc
limit 1
