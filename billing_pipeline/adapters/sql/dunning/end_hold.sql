-- Ends a hold.
-- in: hold_id bigint, now timestamptz    out: rows touched (0: it had ended)
update dunning_holds set ended_at = :now where hold_id = :hold_id and ended_at is null
