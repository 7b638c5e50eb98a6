-- Notes when and by which run a table was last written.
-- in: $table, $run_id, $at, $watermark, $rows    out: nothing
insert or replace into meta.freshness (table_name, run_id, landed_at, watermark, last_rows)
values ($table, $run_id, $at, $watermark, $rows)
