-- Waits for open writers of the journal and keeps later ones waiting until the close is committed.
-- in: nothing    out: nothing
lock table journal_entries in share mode
