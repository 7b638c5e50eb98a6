-- One payment method as last seen. One statement per row, the former default first: an account has one default at any moment.
-- in: payment_method_id, account_id, type, brand, last4, fingerprint, country text, exp_month, exp_year bigint, is_default bool,
--     attached_at, detached_at, now timestamptz    out: rows touched
insert into payment_methods (payment_method_id, account_id, type, brand, last4, fingerprint, country, exp_month, exp_year,
                             is_default, attached_at, detached_at, updated_at)
values (%(payment_method_id)s, %(account_id)s, %(type)s, %(brand)s, %(last4)s, %(fingerprint)s, %(country)s, %(exp_month)s,
        %(exp_year)s, %(is_default)s, %(attached_at)s, %(detached_at)s, %(now)s)
on conflict (payment_method_id) do update
set brand = excluded.brand, last4 = excluded.last4, fingerprint = excluded.fingerprint, country = excluded.country,
    exp_month = excluded.exp_month, exp_year = excluded.exp_year, is_default = excluded.is_default,
    detached_at = excluded.detached_at, updated_at = excluded.updated_at
