-- An invoice as its customer sees it, with how far its newest collection is.
-- in: invoice_id text
-- out: the columns of flows.ports.page.PageInvoice, amounts in minor units of currency, without the lines
select i.invoice_id, i.number, i.state, i.account_id, i.currency, i.due_on, i.total_minor,
       i.due_minor - i.paid_minor - i.credited_minor as remaining_minor,
       i.charger, coalesce(i.stripe_invoice_id, '') as stripe_invoice_id,
       a.stripe_customer_id as customer_id, a.name as customer_name, a.locale, e.name as seller,
       coalesce(c.seq, 0) as seq, c.seq is not null and c.closed_at is null as collection_open, c.payment_intent_id,
       coalesce(c.status, '') as intent_status,
       exists (
           select from stripe_attempts s
           where s.outcome is null and s.operation in ('charge', 'confirm', 'cancel')
             and s.subject = i.invoice_id || '#' || c.seq
       ) as in_flight,
       coalesce((select max(attempt) from stripe_attempts s
                 where s.operation in ('charge', 'confirm') and s.subject = i.invoice_id || '#' || c.seq), 0) as attempts,
       coalesce((select s.object_id from stripe_attempts s
                 where s.operation = 'setup' and s.subject = i.account_id and s.outcome = 'succeeded'
                 order by s.attempt desc limit 1), '') as setup_intent_id,
       coalesce((select max(attempt) from stripe_attempts s
                 where s.operation = 'setup' and s.subject = i.account_id), 0) as setups,
       coalesce((select max(attempt) from stripe_attempts s
                 where s.operation = 'customer' and s.subject = i.account_id || '#card'), 0) as choices,
       exists (
           select from payments p
           where p.invoice_id = i.invoice_id and p.charge_id is not null and p.applied_minor > 0 and p.reversed_at is null
       ) as part_paid
from invoices i
join accounts a using (account_id)
join legal_entities e on e.legal_entity_id = i.legal_entity_id
left join lateral (
    select seq, closed_at, payment_intent_id, status from collections
    where invoice_id = i.invoice_id order by seq desc limit 1
) c on true
where i.invoice_id = :invoice_id
