-- An account, locked, with what stands in the way of erasing it.
-- in: account text
-- out: stripe_customer_id text, erased_at timestamptz, subscriptions bigint, open_invoices bigint, credits_minor bigint,
--   open_calls bigint
select a.stripe_customer_id, a.erased_at,
    (select count(*) from subscriptions as s where s.account_id = a.account_id and s.state <> 'canceled') as subscriptions,
    (select count(*) from invoices as i where i.account_id = a.account_id and i.state in ('pending', 'overdue')) as open_invoices,
    (
        select coalesce(sum(g.remaining_minor), 0)::bigint
        from credit_grants as g
        where g.account_id = a.account_id and g.kind not in ('promotional', 'goodwill')
    ) as credits_minor,
    (
        select count(*)
        from stripe_attempts as t
        where t.operation = 'customer' and t.subject in (a.account_id, a.account_id || '#tax') and t.outcome is null
    ) as open_calls
from accounts as a
where a.account_id = :account
for update of a
