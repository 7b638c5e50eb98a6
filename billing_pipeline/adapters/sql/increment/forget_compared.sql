-- Forgets that anything was compared: the next comparison looks at everything.
-- in: nothing    out: carried.compared, empty
delete from carried.compared
