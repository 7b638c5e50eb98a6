-- Which landed runs are in this file. Grain: one row per run of the lake.
-- in: nothing    out: table meta.applied_runs
create table if not exists meta.applied_runs (seq bigint primary key, run_id varchar not null, side varchar not null)
