-- Invoices that Stripe billed, field by field. Grain: one row per invoice.
-- Of amounts what is due is compared: our credits stand on Stripe's as lines.
-- A bank debit that came back leaves Stripe's invoice paid, while ours is owed again.
-- in: ledger.invoices, stripe.invoices, ledger.accounts, ours_payments, cut    out: the columns of a finding
with pairs as (
    select
        i.invoice_id,
        coalesce(i.account_id, a.account_id) as account_id,
        coalesce(t.stripe_invoice_id, i.stripe_invoice_id) as stripe_invoice_id,
        coalesce(t.currency, i.currency) as currency,
        coalesce(t.total_minor, i.total_minor) as amount_minor,
        case
            when t.stripe_invoice_id is null then 'missing_in_stripe'
            when i.invoice_id is null and t.status in ('open', 'paid', 'uncollectible') and greatest(t.due_minor, t.paid_minor) > 0
                and a.account_id is not null then 'missing_in_ledger'
            when i.invoice_id is null then null
            when i.currency <> t.currency then 'currency'
            when i.due_minor <> t.due_minor and t.status <> 'draft' then 'amount'
            when i.state <> case t.status when 'paid' then 'paid' when 'void' then 'void' when 'uncollectible' then 'written_off' else 'pending' end
                and not (i.state = 'overdue' and t.status in ('open', 'uncollectible'))
                and not (t.status = 'paid' and r.invoice_id is not null) then 'status'
        end as kind,
        coalesce(i.state || ' ' || cast(i.due_minor as varchar) || ' ' || i.currency, '') as ours,
        coalesce(t.status || ' ' || cast(t.due_minor as varchar) || ' ' || t.currency, '') as theirs,
        greatest(i.issued_at, t.created_at, i.paid_at) as touched_at
    from (select * from ledger.invoices where stripe_invoice_id is not null) i
    full outer join stripe.invoices t on t.stripe_invoice_id = i.stripe_invoice_id
    left join ledger.accounts a on a.stripe_customer_id = t.customer_id
    left join (select distinct invoice_id from ours_payments where reversed) r on r.invoice_id = i.invoice_id
)
select
    p.kind,
    p.stripe_invoice_id as subject,
    p.invoice_id,
    cast(null as varchar) as payment_intent_id,
    p.account_id,
    p.currency,
    p.amount_minor,
    p.ours,
    p.theirs,
    p.stripe_invoice_id as evidence
from pairs p
cross join cut
left join ledger.waiting_facts w on w.object_id = p.stripe_invoice_id
where p.kind is not null
    and p.touched_at <= cut.cut_off
    and (w.last_received_at is null or w.last_received_at <= cut.cut_off)
