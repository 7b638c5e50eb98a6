-- Locks an account: its credits and its numbers are taken by one at a time.
-- in: account text    out: currency text
select currency from accounts where account_id = :account for update
