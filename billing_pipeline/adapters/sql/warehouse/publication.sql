-- Which publication this file is, and in which zone days are closed. Grain: one row.
-- in: nothing    out: table meta.publication
create or replace table meta.publication (run_id varchar not null, published_at timestamptz not null, zone varchar not null)
