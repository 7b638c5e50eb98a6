-- Changes what may change of an account; null leaves a field as it is.
-- in: key, name, email, country, locale, zone, tax_id text    out: nothing
update accounts set name = coalesce(%(name)s, name), email = coalesce(%(email)s, email),
    country = coalesce(%(country)s, country), locale = coalesce(%(locale)s, locale), zone = coalesce(%(zone)s, zone),
    tax_id = coalesce(%(tax_id)s, tax_id)
where account_id = %(key)s and erased_at is null
