-- How fresh each table is. Grain: one row per table.
-- in: nothing    out: table meta.freshness
create table if not exists meta.freshness (
    table_name varchar primary key,
    run_id varchar not null,
    landed_at timestamptz not null,
    watermark bigint not null,
    last_rows bigint not null
)
