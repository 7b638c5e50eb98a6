-- The last comparison. Grain: one row, none before the first.
-- in: carried.compared    out: rules text, cut_off timestamptz, whole_at timestamptz
select rules, cut_off, whole_at from carried.compared
