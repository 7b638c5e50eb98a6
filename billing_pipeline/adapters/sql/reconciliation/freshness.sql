-- What the gate judges by: the last good run, the error of a later one, the oldest fact that waits.
-- in: nothing    out: finished_at timestamptz, failed text, waiting_since timestamptz
select
    (select max(finished_at) from reconciliation_runs where error is null and finished_at is not null) as finished_at,
    (select error from reconciliation_runs where finished_at is not null order by run_no desc limit 1) as failed,
    (select min(received_at) from inbox where state = 'new') as waiting_since
