-- Waits until nobody else does this work; given back at the end of the transaction.
-- in: work text    out: nothing of use
select pg_advisory_xact_lock(hashtext('billing-pipeline:' || :work)) as nothing
