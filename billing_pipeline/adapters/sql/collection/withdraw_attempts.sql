-- Takes back attempts written in this very transaction: a committed one is never deleted.
-- in: attempt_ids bigint[]
delete from stripe_attempts where attempt_id = any(:attempt_ids) and tx = pg_current_xact_id()
