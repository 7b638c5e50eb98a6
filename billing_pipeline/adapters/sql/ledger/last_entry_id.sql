-- The largest entry id; 0 while the journal is empty.
-- in: nothing    out: entry_id bigint
select coalesce(max(entry_id), 0) as entry_id from journal_entries
