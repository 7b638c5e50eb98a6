-- What no bridge explains. Grain: one row per day, currency and bridge.
-- in: reconciliation.proof_of_close    out: day date, currency text, bridge text, remainder_minor bigint
select day, currency, bridge, cast(sum(case when name = 'remainder' then minor else 0 end) as bigint) as remainder_minor
from reconciliation.proof_of_close
group by day, currency, bridge
order by day, currency, bridge
