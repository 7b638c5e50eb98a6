-- The bridges of a month, what lies between their ends by name.
-- in: $month    out: bridge text, line text, currency text, total_minor bigint, items bigint
select bridge, name as line, currency, cast(sum(minor) as bigint) as total_minor, cast(sum(items) as bigint) as items
from reconciliation.proof_of_close
where date_trunc('month', day) = $month
group by bridge, name, currency
order by bridge, currency, line
