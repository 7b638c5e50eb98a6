-- Whether this transaction may do the work; false while another one does it.
-- in: work text    out: locked bool
select pg_try_advisory_xact_lock(hashtext('billing-pipeline:' || :work)) as locked
