-- Notes which publication this file is.
-- in: $run_id, $at, $zone    out: nothing
insert into meta.publication (run_id, published_at, zone) values ($run_id, $at, $zone)
