-- Keeps everything that was found.
-- in: found    out: carried.findings
insert into carried.findings select * from found
