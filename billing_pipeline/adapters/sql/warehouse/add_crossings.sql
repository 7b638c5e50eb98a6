-- Counts what crosses one bridge. Grain: one row per bridge, currency, pair of days, reason and whether both ends are there and agree.
-- in: crossing (bridge, currency, left_day, left_minor, right_day, right_minor, why)    out: rows of prove_crossings
insert into prove_crossings
select
    bridge, currency, left_day, right_day, why, right_minor is not null, coalesce(left_minor <> right_minor, false),
    cast(sum(left_minor) as bigint), cast(sum(right_minor) as bigint), count(*)
from crossing
group by bridge, currency, left_day, right_day, why, right_minor is not null, coalesce(left_minor <> right_minor, false)
