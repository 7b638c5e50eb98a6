-- One row per reconciliation.
-- in: nothing    out: the columns of the warehouse table reconciliation.reconciliation_runs
select run_id, run_no, cut_off, started_at, finished_at, error, counts::text as counts from reconciliation_runs
