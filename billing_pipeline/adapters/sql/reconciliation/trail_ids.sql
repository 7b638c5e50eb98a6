-- Ids of what belongs to a subject: invoices, Stripe objects, payouts, divergences. The subject is an id of any of these,
-- the number of an invoice or credit note, or a refund request.
-- in: subject text    out: sort text, id text
with told as (
    select divergence_id, subject, invoice_id, payment_intent_id from divergences where divergence_id = :subject
),
direct as (
    select cast(:subject as text) as id
    union select subject from told
    union select invoice_id from told where invoice_id is not null
    union select payment_intent_id from told where payment_intent_id is not null
    union select invoice_id from invoices where number = :subject or stripe_invoice_id = :subject
    union select invoice_id from credit_notes where number = :subject or credit_note_id = :subject
    union select payment_id from refund_requests where refund_request_id = :subject
),
payment_rows as (
    select p.* from payments p join direct d
        on d.id in (p.payment_id, p.payment_intent_id, p.charge_id, p.balance_transaction_id, p.invoice_id)
    union select p.* from payments p join refunds r using (payment_id) join direct d on d.id = r.refund_id
    union select p.* from payments p join disputes x using (payment_id) join direct d on d.id = x.dispute_id
),
collection_rows as (
    select c.* from collections c join direct d on d.id in (c.payment_intent_id, c.invoice_id)
),
invoice_ids as (
    select i.invoice_id from invoices i join direct d on d.id = i.invoice_id
    union select invoice_id from payment_rows where invoice_id is not null
    union select invoice_id from collection_rows
),
objects as (
    select id from direct
    union select payment_intent_id from collections c join invoice_ids using (invoice_id) where payment_intent_id is not null
    union select x.id from payments p join invoice_ids using (invoice_id)
        cross join lateral (values (p.payment_id), (p.payment_intent_id), (p.charge_id), (p.balance_transaction_id)) x (id)
    union select x.id from payment_rows p
        cross join lateral (values (p.payment_id), (p.payment_intent_id), (p.charge_id), (p.balance_transaction_id)) x (id)
    union select r.refund_id from refunds r join payment_rows p using (payment_id)
    union select q.dispute_id from disputes q join payment_rows p using (payment_id)
),
payout_ids as (
    select p.payout_id from payouts p join direct d on d.id = p.payout_id
    union select b.payout_id from balance_transactions b join objects o on o.id in (b.balance_transaction_id, b.source_id)
    where b.payout_id is not null
)
select 'invoice' as sort, invoice_id as id from invoice_ids
union select 'object', id from objects where id is not null
union select 'payout', payout_id from payout_ids
union select 'divergence', v.divergence_id
from divergences v
where v.divergence_id = :subject
    or v.invoice_id in (select invoice_id from invoice_ids)
    or v.subject in (select id from objects)
    or v.payment_intent_id in (select id from objects where id <> '')
    or v.subject in (select payout_id from payout_ids where payout_id = :subject)
