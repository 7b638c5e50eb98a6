-- How far everything was compared, and by which rules. Grain: one row, none before the first comparison.
-- in: nothing    out: table carried.compared (rules: a digest of policy, zone and statements)
create table if not exists carried.compared (rules varchar not null, cut_off timestamptz not null, whole_at timestamptz not null)
