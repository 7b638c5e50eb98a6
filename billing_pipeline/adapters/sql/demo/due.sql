-- Who is billed until a moment and pays by card, the first of them: the same every time, whatever threads do.
-- in: until timestamptz, limit int    out: stripe_customer_id text
select a.stripe_customer_id
from subscriptions s join accounts a using (account_id)
where s.state = 'active' and s.next_period_start < :until and a.collection_method = 'automatic' and a.stripe_customer_id is not null
order by s.subscription_id limit :limit
