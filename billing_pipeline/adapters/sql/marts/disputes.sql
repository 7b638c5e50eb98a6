-- Disputes with what they are about; column names as in dbt_stripe. Grain: one row per dispute.
-- in: stripe.disputes, ledger.payments    out: table marts.disputes
create or replace table marts.disputes as
select
    d.dispute_id,
    d.charge_id,
    p.invoice_id,
    p.account_id,
    d.currency,
    d.amount_minor as dispute_amount_minor,
    -d.moved_minor as withdrawn_minor,
    d.reason as dispute_reason,
    d.status as dispute_status,
    d.created_at as dispute_created_at
from stripe.disputes d
left join ledger.payments p on p.charge_id = d.charge_id
order by d.created_at, d.dispute_id
