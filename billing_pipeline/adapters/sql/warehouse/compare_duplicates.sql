-- Invoices that were paid more than once and the money kept. Grain: one row per invoice.
-- Paid twice is what the books could not apply to the invoice, and of payments that they do not know what is more than it has left open:
-- parts of an invoice, such as instalments on what was given up, pay it once. Money for a void invoice is all too much: one payment of it is told as such.
-- Given back is the last payment that the invoice did not need: of a bank debit and a card the slower one is too much, whichever began first.
-- Money in another currency than the invoice's pays nothing of it: it is told as the payment that it is.
-- in: theirs_apart, ours_apart    out: temp table duplicates (later_intent_id: one that the books do not know, else the payment to give back)
create or replace temp table duplicates as
with kept as (
    select
        t.invoice_id,
        t.payment_intent_id,
        t.charge_id,
        t.account_id,
        t.currency,
        t.amount_minor - t.refunded_minor as kept_minor,
        coalesce(o.paid, false) as known,
        coalesce(o.applied_minor, 0) as applied_minor,
        t.open_minor,
        row_number() over (
            partition by t.invoice_id
            order by
                case when coalesce(o.paid, false) then 1 else 0 end,
                case when coalesce(o.applied_minor, 0) < t.amount_minor - t.refunded_minor then 0 else 1 end,
                t.touched_at desc,
                t.payment_intent_id desc
        ) as from_last,
        count(*) over (partition by t.invoice_id) as payments
    from theirs_apart t
    left join ours_apart o on o.payment_intent_id = t.payment_intent_id
    where t.invoice_id is not null and t.fits and t.paid and t.amount_minor > t.refunded_minor and not coalesce(o.reversed, false)
),
sums as (
    select
        k.invoice_id,
        max(k.payments) as payments,
        max(case when k.from_last = 1 then k.payment_intent_id end) as later_intent_id,
        max(case when k.from_last = 2 then k.payment_intent_id else '' end) as earlier_intent_id,
        max(k.account_id) as account_id,
        max(k.currency) as currency,
        max(k.open_minor) as open_minor,
        sum(k.kept_minor) - max(k.kept_minor) as but_one_minor,
        sum(case when k.known then greatest(k.kept_minor - k.applied_minor, 0) else 0 end) as unapplied_minor,
        sum(case when k.known then 0 else k.kept_minor end) as unknown_minor,
        sum(case when k.known then 1 else 0 end) as known_payments
    from kept k
    where k.payments > 1
    group by k.invoice_id
),
judged as (
    select
        *,
        case
            when open_minor is null then but_one_minor
            else unapplied_minor + greatest(unknown_minor - open_minor, 0)
        end as excess_minor
    from sums
)
select
    invoice_id, payments, later_intent_id, earlier_intent_id, account_id, currency,
    cast(excess_minor as bigint) as excess_minor,
    cast(known_payments as bigint) as known_payments
from judged
where excess_minor > 0
