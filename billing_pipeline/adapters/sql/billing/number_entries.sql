-- Ids for entries that are written by COPY. Ids have gaps: a rolled-back entry leaves one.
-- in: count int    out: entry_id bigint
select nextval(pg_get_serial_sequence('journal_entries', 'entry_id')) as entry_id from generate_series(1, :count)
