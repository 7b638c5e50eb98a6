-- The proof of close as the last run left it. Grain: one row per day, currency, bridge and line.
-- in: reconciliation.proof_of_close    out: day date, currency text, bridge text, name text, minor bigint, items bigint
select day, currency, bridge, name, minor, items from reconciliation.proof_of_close order by day, currency, bridge, name
