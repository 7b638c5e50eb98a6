-- Nothing is carried over to an account's next invoice any more.
-- in: account_id text, currency text    out: nothing
update carry_overs set minor = 0 where account_id = %(account_id)s and currency = %(currency)s
