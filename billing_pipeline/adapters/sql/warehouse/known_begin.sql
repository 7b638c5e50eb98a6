-- When the first account was made.
-- in: ledger.accounts    out: begins_at timestamptz
select min(created_at) as begins_at from ledger.accounts
