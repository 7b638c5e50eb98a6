-- Changes what may change of an account; null leaves a field as it is. An address follows the account to another country.
-- in: key, name, email, country, locale, zone, tax_id text, address json    out: nothing
update accounts set name = coalesce(%(name)s, name), email = coalesce(%(email)s, email),
    country = coalesce(%(country)s, country), locale = coalesce(%(locale)s, locale), zone = coalesce(%(zone)s, zone),
    tax_id = coalesce(%(tax_id)s, tax_id),
    address = coalesce(%(address)s::jsonb, case
        when address <> '{}' and %(country)s::text is not null
            then address || jsonb_build_object('country', %(country)s::text)
        else address
    end)
where account_id = %(key)s and erased_at is null
