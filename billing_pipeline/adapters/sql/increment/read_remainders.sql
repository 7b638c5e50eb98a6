-- What no bridge of the last proof explains. Grain: one row per day, currency and bridge.
-- in: reconciliation.proof_of_close    out: day date, currency text, bridge text, name text, minor bigint, items bigint
select day, currency, bridge, name, minor, items
from reconciliation.proof_of_close
where name = 'remainder' and minor <> 0
order by day, currency, bridge
