-- Keeps the proof in the warehouse. Grain: one row per day, currency, bridge and line.
-- in: prove_lines, $run_id    out: table reconciliation.proof_of_close
create or replace table reconciliation.proof_of_close as
select day, currency, bridge, name, minor, items, $run_id as run_id from prove_lines order by day, currency, bridge, name
