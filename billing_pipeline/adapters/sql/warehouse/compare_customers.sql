-- Accounts whose customer Stripe has deleted or does not know. Grain: one row per account.
-- in: ledger.accounts, stripe.customers    out: the columns of a finding
select
    case when c.state = 'deleted' then 'customer_deleted' else 'missing_in_stripe' end as kind,
    a.stripe_customer_id as subject,
    cast(null as varchar) as invoice_id,
    cast(null as varchar) as payment_intent_id,
    a.account_id,
    cast(null as varchar) as currency,
    cast(null as bigint) as amount_minor,
    'account ' || a.account_id as ours,
    case when c.state = 'deleted' then 'deleted' else '' end as theirs,
    a.stripe_customer_id as evidence
from ledger.accounts a
join stripe.customers c on c.customer_id = a.stripe_customer_id
where c.state in ('deleted', 'missing')
    and a.customer_deleted_at is null
    and a.erased_at is null
