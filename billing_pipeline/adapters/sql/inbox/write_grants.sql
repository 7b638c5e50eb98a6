-- Credits from money paid too much: new ones, and what is left of known ones.
-- in: credit_grant_id, account_id, currency text[], amount_minor, remaining_minor bigint[], granted_at timestamptz[],
--     source text[]    out: rows touched
insert into credit_grants (credit_grant_id, account_id, currency, kind, amount_minor, remaining_minor, granted_at, source)
select credit_grant_id, account_id, currency, 'overpayment', amount_minor, remaining_minor, granted_at, source
from unnest(
    cast(:credit_grant_id as text[]), cast(:account_id as text[]), cast(:currency as text[]), cast(:amount_minor as bigint[]),
    cast(:remaining_minor as bigint[]), cast(:granted_at as timestamptz[]), cast(:source as text[])
) as new (credit_grant_id, account_id, currency, amount_minor, remaining_minor, granted_at, source)
on conflict (source) do update set remaining_minor = excluded.remaining_minor
