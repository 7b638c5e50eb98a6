-- Lets all that the transaction reads be of one moment. Its first statement.
-- in: nothing    out: nothing
set transaction isolation level repeatable read read only
