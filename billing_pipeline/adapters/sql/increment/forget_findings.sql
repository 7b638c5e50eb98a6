-- Forgets what was found.
-- in: nothing    out: carried.findings, empty
delete from carried.findings
