-- Notes how a reconciliation ended.
-- in: run_id text, at timestamptz, counts json text, error text or null    out: nothing
update reconciliation_runs
set finished_at = :at, counts = cast(:counts as jsonb), error = :error
where run_id = :run_id
