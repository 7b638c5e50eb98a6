-- How often the database was adopted after a restore or a copy; 1 while it was never bound.
-- in: nothing    out: epoch bigint
select coalesce(max(epoch), 1) as epoch from identity_lock
