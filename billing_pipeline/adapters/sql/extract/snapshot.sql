-- Which database this is (it changes with a restore or a failover) and the oldest transaction that is still running.
-- in: nothing    out: cluster text, tx_to bigint
select
    system_identifier::text || '/'
        || (select oid::text from pg_database where datname = current_database()) || '/'
        || (select timeline_id::text from pg_control_checkpoint()) as cluster,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint as tx_to
from pg_control_system()
