-- The account's payment methods as Stripe lists them.
-- in: rows jsonb text (the fields of KnownMethod), now timestamptz
insert into payment_methods as kept
    (payment_method_id, account_id, type, brand, last4, fingerprint, exp_month, exp_year, country, is_default,
     attached_at, updated_at)
select r.payment_method_id, r.account_id, r.type, r.brand, r.last4, r.fingerprint, r.exp_month, r.exp_year, r.country,
       r.is_default, r.attached_at, :now
from jsonb_to_recordset(cast(:rows as jsonb)) as r (
    payment_method_id text, account_id text, type text, brand text, last4 text, fingerprint text, exp_month bigint,
    exp_year bigint, country text, is_default bool, attached_at timestamptz
)
on conflict (payment_method_id) do update
set brand = excluded.brand, last4 = excluded.last4, fingerprint = excluded.fingerprint, exp_month = excluded.exp_month,
    exp_year = excluded.exp_year, country = excluded.country, is_default = excluded.is_default, detached_at = null,
    updated_at = excluded.updated_at
