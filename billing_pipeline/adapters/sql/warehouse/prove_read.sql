-- The proof of close, by day. Grain: one row per day, currency, bridge and line.
-- in: prove_lines    out: day date, currency text, bridge text, name text, minor bigint, items bigint
select day, currency, bridge, name, minor, items from prove_lines order by day, currency, bridge, name
