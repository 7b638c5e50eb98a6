-- Shows how far a table was extracted; the manifest in the lake is what the next extraction goes by.
-- in: cluster text, table text, tx text, run text, at timestamptz    out: nothing
insert into extract_watermarks (system_identifier, table_name, tx_to, run_id, extracted_at)
values (%(cluster)s, %(table)s, %(tx)s::xid8, %(run)s, %(at)s)
on conflict (system_identifier, table_name)
do update set tx_to = excluded.tx_to, run_id = excluded.run_id, extracted_at = excluded.extracted_at
