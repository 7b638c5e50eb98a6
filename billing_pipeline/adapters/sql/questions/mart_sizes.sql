-- How many rows each mart has. Grain: one row per mart.
-- in: nothing    out: mart varchar, row_count bigint
select table_name as mart, estimated_size as row_count from duckdb_tables() where schema_name = 'marts' order by table_name
