-- Calls of which nobody knows how they ended. Grain: one row per attempt.
-- in: ledger.stripe_attempts    out: table slice.ledger.stripe_attempts
create table slice.ledger.stripe_attempts as select * from ledger.stripe_attempts where outcome is null
