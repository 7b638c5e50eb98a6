-- Notes how a repair ended.
-- in: repair_id bigint, state text, outcome text, at timestamptz    out: nothing
update repairs
set state = :state, outcome = :outcome, done_at = :at
where repair_id = :repair_id
