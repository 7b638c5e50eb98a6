-- Approves a proposed repair; nobody approves what they asked for.
-- in: repair_id bigint, who text, at timestamptz, invoice text or null    out: nothing (0 rows: it was not proposed, or who asked for it)
update repairs
set state = 'approved', approved_by = :who, approved_at = :at,
    plan = plan || jsonb_strip_nulls(jsonb_build_object('invoice', cast(:invoice as text)))
where repair_id = :repair_id and state = 'proposed' and requested_by <> :who
