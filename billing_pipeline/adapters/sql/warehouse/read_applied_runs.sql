-- Which landed runs are in this file. Grain: one row per run of the lake.
-- in: nothing    out: seq bigint
select seq from meta.applied_runs
