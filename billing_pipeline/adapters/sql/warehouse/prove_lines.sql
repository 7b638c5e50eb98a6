-- The proof of close: for each bridge both ends, what lies between them by name, and the remainder that nothing explains. Grain: one row per day, currency, bridge and line.
-- in: prove_items    out: temp table prove_lines (name: left, right, difference:<why>, remainder)
create or replace temp table prove_lines as
with ends as (
    select bridge, currency, left_day as day, 'left' as name, left_minor as minor from prove_items where left_day is not null
    union all
    select bridge, currency, right_day, 'right', right_minor from prove_items where right_day is not null and right_minor is not null
),
apart as (
    select bridge, currency, left_day as day, 'difference:amount' as name, left_minor - right_minor as minor
    from prove_items
    where left_day = right_day and left_minor <> right_minor and why <> 'payout_mismatch'
    union all
    select bridge, currency, left_day, 'difference:payout_mismatch', left_minor - right_minor
    from prove_items
    where left_day = right_day and left_minor <> right_minor and why = 'payout_mismatch'
    union all
    select bridge, currency, left_day,
        case when right_minor is null and why = '' then 'remainder'
            when right_minor is not null and (why = '' or why like 'payout%') then 'difference:booked_on_another_day'
            else 'difference:' || why end,
        left_minor
    from prove_items
    where left_day is not null and (right_minor is null or right_day <> left_day)
    union all
    select bridge, currency, right_day,
        case when left_day is null and why = '' then 'remainder'
            when left_day is not null and (why = '' or why like 'payout%') then 'difference:booked_on_another_day'
            else 'difference:' || why end,
        -right_minor
    from prove_items
    where right_minor is not null and (left_day is null or right_day <> left_day)
)
select day, currency, bridge, name, cast(sum(minor) as bigint) as minor, cast(count(*) as bigint) as items
from (select day, currency, bridge, name, minor from ends union all select day, currency, bridge, name, minor from apart) x
group by day, currency, bridge, name
