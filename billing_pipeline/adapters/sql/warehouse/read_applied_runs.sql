-- Which landed runs are in this file. Grain: one row per run of the lake.
-- in: nothing    out: seq bigint, run_id varchar
select seq, run_id from meta.applied_runs
