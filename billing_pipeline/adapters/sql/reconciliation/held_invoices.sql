-- Open invoices that must wait: an open error divergence on the invoice itself, on one of its intents, or on its account.
-- in: nothing    out: invoice_id text, kind text, divergence_id text (the oldest one)
with errors as (
    select divergence_id, kind, invoice_id, payment_intent_id, account_id, first_seen
    from divergences
    where state = 'open' and severity = 'error'
),
held as (
    select i.invoice_id, e.divergence_id, e.kind, e.first_seen
    from errors e join invoices i on i.invoice_id = e.invoice_id
    union all
    select c.invoice_id, e.divergence_id, e.kind, e.first_seen
    from errors e join collections c on c.payment_intent_id = e.payment_intent_id
    union all
    select i.invoice_id, e.divergence_id, e.kind, e.first_seen
    from errors e join invoices i on i.account_id = e.account_id
    where e.invoice_id is null
)
select distinct on (h.invoice_id) h.invoice_id, h.kind, h.divergence_id
from held h
join invoices i on i.invoice_id = h.invoice_id
where i.state in ('pending', 'overdue')
order by h.invoice_id, h.first_seen, h.divergence_id
