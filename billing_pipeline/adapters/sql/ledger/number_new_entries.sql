-- An entry id for every source that is not in the books yet. Ids have gaps: a rolled-back entry leaves one.
-- in: sources text[]    out: source text, entry_id bigint
select wanted.source, nextval(pg_get_serial_sequence('journal_entries', 'entry_id')) as entry_id
from unnest(cast(:sources as text[])) with ordinality as wanted (source, place)
where not exists (select from journal_entries as known where known.source = wanted.source)
order by wanted.place
