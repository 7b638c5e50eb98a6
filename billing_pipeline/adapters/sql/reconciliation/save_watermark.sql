-- Notes how far a table is extracted. The next extraction goes by the manifest in the lake, and by this whether the database is
-- still the one that knows of that manifest. It never goes back: another home folder may have read the database meanwhile.
-- in: cluster text, table text, tx text, run text, at timestamptz    out: nothing
insert into extract_watermarks (system_identifier, table_name, tx_to, run_id, extracted_at)
values (%(cluster)s, %(table)s, %(tx)s::xid8, %(run)s, %(at)s)
on conflict (system_identifier, table_name)
do update set tx_to = greatest(extract_watermarks.tx_to, excluded.tx_to), run_id = excluded.run_id, extracted_at = excluded.extracted_at
