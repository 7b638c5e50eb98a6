-- The oldest transaction that is still running: nothing below it can still commit.
-- in: nothing    out: tx bigint
select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as tx
