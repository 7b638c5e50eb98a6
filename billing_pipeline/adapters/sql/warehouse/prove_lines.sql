-- The proof of close: for each bridge both ends, what lies between them by name, and the remainder that nothing explains. Grain: one row per day, currency, bridge and line.
-- in: prove_crossings    out: temp table prove_lines (name: left, right, difference:<why>, remainder)
create or replace temp table prove_lines as
with ends as (
    select bridge, currency, left_day as day, 'left' as name, left_minor as minor, items from prove_crossings where left_day is not null
    union all
    select bridge, currency, right_day, 'right', right_minor, items from prove_crossings where right_day is not null and has_right
),
differences as (
    select bridge, currency, left_day as day,
        case when why = 'payout_mismatch' then 'difference:payout_mismatch' else 'difference:amount' end as name,
        left_minor - right_minor as minor,
        items
    from prove_crossings
    where left_day = right_day and apart
    union all
    select bridge, currency, left_day,
        case when not has_right and why = '' then 'remainder'
            when has_right and (why = '' or why like 'payout%') then 'difference:booked_on_another_day'
            else 'difference:' || why end,
        left_minor,
        items
    from prove_crossings
    where left_day is not null and (not has_right or right_day <> left_day)
    union all
    select bridge, currency, right_day,
        case when left_day is null and why = '' then 'remainder'
            when left_day is not null and (why = '' or why like 'payout%') then 'difference:booked_on_another_day'
            else 'difference:' || why end,
        -right_minor,
        items
    from prove_crossings
    where has_right and (left_day is null or right_day <> left_day)
)
select day, currency, bridge, name, cast(sum(minor) as bigint) as minor, cast(sum(items) as bigint) as items
from (select * from ends union all select * from differences) x
group by day, currency, bridge, name
