-- The columns of every table of a published file, but for the readable views. Grain: one row per column.
-- in: nothing    out: table_name text, column_name text, data_type text
select schema_name || '.' || table_name as table_name, column_name, data_type
from duckdb_columns()
where database_name = current_database() and schema_name in ('ledger', 'stripe', 'reconciliation', 'marts', 'meta')
order by schema_name, table_name, column_index
