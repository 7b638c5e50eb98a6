-- Every card that was declined lately: how often, over all invoices, whoever asked for the try.
-- in: since timestamptz, limit int
-- out: fingerprint, brand, last4, account_id text, tries bigint, declines bigint, declined_at timestamptz[],
--      invoices bigint
select s.fingerprint, coalesce(m.brand, '') as brand, coalesce(m.last4, '') as last4,
       coalesce(m.account_id, '') as account_id, s.tries, s.declines, s.declined_at, s.invoices
from (
    select fingerprint, count(*) as tries, count(*) filter (where outcome = 'declined') as declines,
           array_agg(outcome_at) filter (where outcome = 'declined') as declined_at, count(distinct subject) as invoices
    from stripe_attempts
    where fingerprint <> '' and started_at > :since
    group by fingerprint
    having bool_or(outcome = 'declined')
) s
left join lateral (
    select brand, last4, account_id from payment_methods where fingerprint = s.fingerprint order by updated_at desc limit 1
) m on true
order by s.declines desc, s.fingerprint
limit :limit
