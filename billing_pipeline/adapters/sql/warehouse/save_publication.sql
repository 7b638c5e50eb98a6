-- Notes which publication this file is.
-- in: $run_id, $at    out: nothing
insert into meta.publication (run_id, published_at) values ($run_id, $at)
