-- Writes a credit grant whose source is new.
-- in: credit_grant_id, account_id, currency, kind, priority, amount_minor, granted_at, expires_at, source, note    out: nothing
insert into credit_grants (
    credit_grant_id, account_id, currency, kind, priority, amount_minor, remaining_minor, granted_at, expires_at, source, note
)
values (
    :credit_grant_id, :account_id, :currency, :kind, :priority, :amount_minor, :amount_minor, :granted_at, :expires_at, :source,
    :note
)
on conflict do nothing
