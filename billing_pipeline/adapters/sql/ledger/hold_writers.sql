-- Waits for every transaction that has touched the journal and keeps others out until the end of this one.
-- in: nothing    out: nothing
lock table journal_entries in access exclusive mode
