-- The columns of every table of the working file. Grain: one row per column.
-- in: nothing    out: schema_name text, table_name text, column_name text, data_type text
select schema_name, table_name, column_name, data_type
from duckdb_columns()
where database_name = current_database()
order by schema_name, table_name, column_index
