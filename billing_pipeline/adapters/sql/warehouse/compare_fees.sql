-- Balance transactions whose fee, or that as a whole, the journal does not hold. Grain: one row per balance transaction.
-- Of objects that are not booked themselves another comparison tells. Stripe's own costs are booked as a whole, whatever they name.
-- in: stripe.balance_transactions, stripe.charges, booked, ours_payments, cut    out: the columns of a finding
with expected as (
    select
        t.balance_transaction_id, t.currency, t.fee_minor, 'fee:' || t.balance_transaction_id as source,
        t.created_at, t.reporting_category, p.invoice_id, p.account_id, p.payment_intent_id
    from stripe.balance_transactions t
    join stripe.charges c on c.charge_id = t.source_id
    join ours_payments p on p.payment_intent_id = c.payment_intent_id and p.paid and p.booked_minor <> 0
    where t.reporting_category = 'charge' or (t.reporting_category = 'charge_failure' and p.reversed)
    union all
    select
        t.balance_transaction_id, t.currency, t.fee_minor, 'fee:' || t.balance_transaction_id,
        t.created_at, t.reporting_category, b.invoice_id, b.account_id, cast(null as varchar)
    from stripe.balance_transactions t
    join booked b on b.source = case when t.reporting_category = 'refund' then 'refund:' else 'refund_failed:' end || t.source_id
    where t.reporting_category in ('refund', 'refund_failure')
    union all
    select
        t.balance_transaction_id, t.currency, t.fee_minor, 'fee:' || t.balance_transaction_id,
        t.created_at, t.reporting_category, cast(null as varchar), cast(null as varchar), cast(null as varchar)
    from stripe.balance_transactions t
    where t.reporting_category in ('payout', 'payout_reversal') and t.source_id is not null
    union all
    select
        t.balance_transaction_id, t.currency, -t.net_minor, 'stripe_fee:' || t.balance_transaction_id,
        t.created_at, t.reporting_category, cast(null as varchar), cast(null as varchar), cast(null as varchar)
    from stripe.balance_transactions t
    where t.reporting_category in (
        'fee', 'network_cost', 'tax', 'other_adjustment', 'contribution', 'climate_order_purchase', 'climate_order_refund'
    )
)
select
    'fee_unbooked' as kind,
    e.balance_transaction_id as subject,
    e.invoice_id,
    e.payment_intent_id,
    e.account_id,
    e.currency,
    e.fee_minor - coalesce(b.fee_minor, 0) as amount_minor,
    case when b.source is null then '' else 'booked ' || cast(b.fee_minor as varchar) || ' ' || b.currency end as ours,
    e.reporting_category || ' ' || cast(e.fee_minor as varchar) || ' ' || e.currency as theirs,
    e.balance_transaction_id as evidence
from expected e
cross join cut
left join (select source, currency, fee_minor from booked where kind in ('fee', 'stripe_fee')) b on b.source = e.source
left join ledger.waiting_facts w on w.object_id = e.balance_transaction_id
where e.created_at <= cut.cut_off
    and (w.last_received_at is null or w.last_received_at <= cut.cut_off)
    and e.fee_minor <> coalesce(b.fee_minor, 0)
