-- The tables of the working file. Grain: one row per table.
-- in: nothing    out: schema_name text, table_name text
select schema_name, table_name
from duckdb_tables()
where database_name = current_database() and not temporary
