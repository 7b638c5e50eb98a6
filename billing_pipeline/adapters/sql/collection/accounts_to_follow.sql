-- Accounts that will be charged soon and of which no usable payment method is known.
-- Soon: an invoice is open for us to charge, or a trial ends within a day.
-- in: now timestamptz, trial_until timestamptz, limit int    out: account_id text, stripe_customer_id text
select a.account_id, a.stripe_customer_id
from accounts a
where a.stripe_customer_id is not null and a.customer_deleted_at is null and a.erased_at is null
  and not exists (
      select from payment_methods m where m.account_id = a.account_id and m.is_default and m.detached_at is null
  )
  and (
      exists (
          select from invoices i
          where i.account_id = a.account_id and i.state in ('pending', 'overdue')
            and i.charger = 'engine' and i.collection_method <> 'net_terms'
      )
      or exists (
          select from subscriptions s
          where s.account_id = a.account_id and s.state = 'trialing' and s.trial_end between :now and :trial_until
      )
  )
order by a.account_id
limit :limit
