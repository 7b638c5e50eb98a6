-- What our side says about payments. Grain: one row per payment intent that we know of.
-- Unapplied is what all entries of its invoice leave there: money that came, went back, came again, became credit, or was kept of a void invoice.
-- in: ledger.payments, ledger.collections, ledger.invoices, ledger.waiting_facts, booked    out: temp table ours_payments (seq: of the collection, null for a payment that we did not collect)
create or replace temp table ours_payments as
with waiting as (
    select invoice_id, currency, cast(-sum(unapplied_minor) as bigint) as unapplied_minor
    from booked
    where unapplied_minor <> 0 and invoice_id is not null
    group by invoice_id, currency
),
known as (
    select
        coalesce(p.payment_intent_id, c.payment_intent_id) as payment_intent_id,
        coalesce(p.invoice_id, c.invoice_id) as invoice_id,
        c.seq,
        p.account_id,
        p.charge_id,
        coalesce(p.currency, c.currency) as currency,
        coalesce(p.amount_minor, c.amount_minor) as amount_minor,
        p.applied_minor,
        p.payment_id is not null as paid,
        p.reversed_at is not null as reversed,
        case when p.payment_id is not null then 'succeeded' else coalesce(c.status, '') end as status,
        greatest(p.succeeded_at, c.last_failed_at, c.opened_at, c.closed_at) as touched_at
    from (select * from ledger.payments where payment_intent_id is not null) p
    full outer join (select * from ledger.collections where payment_intent_id is not null) c
        on p.payment_intent_id = c.payment_intent_id
)
select
    k.payment_intent_id,
    k.invoice_id,
    k.seq,
    coalesce(k.account_id, i.account_id) as account_id,
    k.charge_id,
    k.currency,
    k.amount_minor,
    k.applied_minor,
    k.paid,
    k.reversed,
    k.status,
    coalesce(b.pending_in_minor, 0) as booked_minor,
    case when k.paid and u.unapplied_minor > 0 then least(u.unapplied_minor, k.amount_minor) else 0 end as unapplied_minor,
    k.touched_at,
    w.last_received_at as waiting_at
from known k
left join ledger.invoices i on i.invoice_id = k.invoice_id
left join (select source, pending_in_minor from booked where kind = 'payment') b on b.source = 'payment:' || k.charge_id
left join waiting u on u.invoice_id = k.invoice_id and u.currency = k.currency
left join ledger.waiting_facts w on w.object_id = k.payment_intent_id
