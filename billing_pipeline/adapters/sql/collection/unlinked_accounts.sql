-- Accounts without a Stripe customer, or that changed since Stripe was told, oldest first.
-- Left out: one whose call is open, and one that Stripe refused within the last day.
-- in: refused_since timestamptz, limit int
-- out: account_id text, name text, email text, locale text, country text, tax_id text, tax_status text, address jsonb,
--      stripe_customer_id text, digest text, attempts, tax_attempts bigint, email_is_shared bool
select a.account_id, a.name, a.email, a.locale, a.country, a.tax_id, a.tax_status, a.address, a.stripe_customer_id,
       d.digest,
       coalesce((select max(attempt) from stripe_attempts s
                 where s.operation = 'customer' and s.subject = a.account_id), 0) as attempts,
       coalesce((select max(attempt) from stripe_attempts s
                 where s.operation = 'customer' and s.subject = a.account_id || '#tax'), 0) as tax_attempts,
       a.email in (select email from accounts group by email having count(*) > 1) as email_is_shared
from accounts a
cross join lateral (
    select md5(concat_ws('|', a.name, a.email, a.locale, a.country, a.tax_id, a.tax_status, a.address::text)) as digest
) d
where (a.stripe_customer_id is null or a.customer_synced_digest <> d.digest)
  and a.customer_deleted_at is null and a.erased_at is null and a.parked_reason is null
  and not exists (
      select from stripe_attempts s
      where s.operation = 'customer' and s.subject = a.account_id
        and (s.outcome is null or (s.outcome = 'refused' and s.started_at > :refused_since))
  )
order by a.created_at, a.account_id
limit :limit
