-- Takes the person out of an account. The id stays: the books refer to it.
-- in: account text, now timestamptz    out: nothing
update accounts set name = 'Erased', email = 'erased@example.invalid', tax_id = '', address = '{}',
    erased_at = coalesce(erased_at, :now)
where account_id = :account
