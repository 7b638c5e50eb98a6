-- When reconciliation last finished without error.
-- in: nothing    out: agreed_at timestamptz (null: never)
select max(finished_at) as agreed_at from reconciliation_runs where error is null
