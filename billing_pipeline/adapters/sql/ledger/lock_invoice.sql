-- An invoice, locked, with what credit notes took of it so far.
-- in: invoice text    out: the columns of flows.ports.ledger.OpenInvoice
select i.invoice_id, i.account_id as account, i.legal_entity_id, i.number, i.kind, i.state, i.currency, i.total_minor,
    i.tax_minor, i.due_minor, i.paid_minor, i.credited_minor, i.refunded_minor,
    coalesce((select sum(n.amount_minor) from credit_notes as n where n.invoice_id = i.invoice_id), 0)::bigint as noted_minor,
    coalesce((select sum(n.tax_minor) from credit_notes as n where n.invoice_id = i.invoice_id), 0)::bigint as taxed_back_minor,
    i.charger
from invoices as i
where i.invoice_id = :invoice
for update of i
