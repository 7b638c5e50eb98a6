-- Every movement of the Stripe balance with what it was and where it went; column names as in dbt_stripe. Grain: one row per balance transaction.
-- in: stripe.balance_transactions, stripe.payout_transactions, stripe.payouts, stripe.charges, stripe.refunds, ledger.payments    out: table marts.balance_transactions
create or replace table marts.balance_transactions as
select
    t.balance_transaction_id,
    t.created_at as balance_transaction_created_at,
    t.available_at as balance_transaction_available_on,
    t.currency,
    t.amount_minor as balance_transaction_amount_minor,
    t.fee_minor as balance_transaction_fee_minor,
    t.net_minor as balance_transaction_net_minor,
    t.type as balance_transaction_type,
    t.reporting_category as balance_transaction_reporting_category,
    t.source_id as balance_transaction_source_id,
    coalesce(c.charge_id, r.charge_id) as charge_id,
    r.refund_id,
    m.payout_id,
    cast(o.arrival_at as date) as payout_arrival_on,
    o.status as payout_status,
    p.invoice_id,
    p.account_id
from stripe.balance_transactions t
left join stripe.charges c on c.charge_id = t.source_id
left join stripe.refunds r on r.refund_id = t.source_id
left join stripe.payout_transactions m on m.balance_transaction_id = t.balance_transaction_id
left join stripe.payouts o on o.payout_id = m.payout_id
left join ledger.payments p on p.charge_id = coalesce(c.charge_id, r.charge_id)
