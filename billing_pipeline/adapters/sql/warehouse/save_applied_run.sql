-- Notes that a landed run is in this file.
-- in: $seq, $run_id, $side    out: nothing
insert or replace into meta.applied_runs (seq, run_id, side) values ($seq, $run_id, $side)
