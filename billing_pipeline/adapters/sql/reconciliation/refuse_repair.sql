-- Refuses a proposed repair.
-- in: repair_id bigint, outcome text, at timestamptz    out: nothing (0 rows: it was not proposed)
update repairs set state = 'refused', outcome = :outcome, done_at = :at where repair_id = :repair_id and state = 'proposed'
