-- Notes that a reconciliation has begun; the same run begun again starts over.
-- in: run_id text, cut_off timestamptz, at timestamptz    out: nothing
insert into reconciliation_runs (run_id, cut_off, started_at)
values (:run_id, :cut_off, :at)
on conflict (run_id) do update set cut_off = excluded.cut_off, started_at = excluded.started_at, finished_at = null, error = null,
    run_no = default
