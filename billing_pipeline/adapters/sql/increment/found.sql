-- Room for what the comparisons find. Grain: one row per finding.
-- in: carried.findings    out: temp table found, empty
create or replace temp table found as select * from working.carried.findings where false
