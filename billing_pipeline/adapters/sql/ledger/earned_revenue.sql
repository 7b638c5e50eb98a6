-- Revenue earned since the beginning, by the end of each day from first through through, for the days on which it moved.
-- The arithmetic is domain/revenue.py's: days of service, rounded half-up on the running total of each line. A line that
-- is finished before first is read once; nothing is earned before the invoice was issued.
-- in: first date, through date, zone text    out: day date, currency text, minor bigint
with stretches as (
    select i.invoice_id, l.line_no, i.currency, i.issued_on,
        l.amount_minor - l.discount_minor - case when r.inclusive then l.tax_minor else 0 end as minor,
        coalesce((l.period_start at time zone :zone)::date, i.issued_on) as starts,
        coalesce((l.period_end at time zone :zone)::date, i.issued_on) as ends
    from invoices as i
    join invoice_lines as l using (invoice_id)
    left join tax_rates as r using (tax_rate_id)
    where i.issued_on <= :through and i.kind <> 'opening' and l.kind <> 'to_credit'
    union all
    select i.invoice_id, 0, i.currency, i.issued_on, i.total_minor - i.tax_minor,
        coalesce((i.period_start at time zone :zone)::date, i.issued_on),
        coalesce((i.period_end at time zone :zone)::date, i.issued_on)
    from invoices as i
    where i.issued_on <= :through and i.kind <> 'opening'
        and not exists (select from invoice_lines as l where l.invoice_id = i.invoice_id)
),
line_days as (
    select s.currency, greatest(cast(:first as date), s.issued_on) + n as day, n = 0 as opens,
        s.minor, s.starts, greatest(s.ends - s.starts, 0) as length
    from stretches as s
    cross join lateral generate_series(
        0,
        least(cast(:through as date), greatest(s.ends, s.starts, s.issued_on, cast(:first as date)))
            - greatest(cast(:first as date), s.issued_on)
    ) as n
),
line_moves as (
    select currency, day,
        earned.today - case when opens then 0 else earned.yesterday end as minor
    from line_days
    cross join lateral (
        select
            case
                when day < starts then 0
                when day - starts + 1 >= length then minor
                else sign(minor)::bigint * ((2 * abs(minor) * (day - starts + 1) + length) / (2 * length))
            end as today,
            case
                when day <= starts then 0
                when day - starts >= length then minor
                else sign(minor)::bigint * ((2 * abs(minor) * (day - starts) + length) / (2 * length))
            end as yesterday
    ) as earned
),
adjusted_days as (
    select s.currency, greatest(cast(:first as date), a.adjusted_on) + n as day, n = 0 as opens, a.minor as taken,
        s.minor, s.starts, greatest(s.ends - s.starts, 0) as length, a.adjusted_on
    from revenue_adjustments as a
    join stretches as s using (invoice_id, line_no)
    cross join lateral generate_series(
        0,
        least(cast(:through as date), greatest(s.ends, a.adjusted_on, cast(:first as date)))
            - greatest(cast(:first as date), a.adjusted_on)
    ) as n
    where a.adjusted_on <= :through
),
adjusted_moves as (
    select currency, day, taken_back.today - case when opens then 0 else taken_back.yesterday end as minor
    from adjusted_days
    cross join lateral (
        select max(part) filter (where at = adjusted_on) as base, max(part) filter (where at = day) as today,
            max(part) filter (where at = day - 1) as yesterday
        from (values (adjusted_on), (day), (day - 1)) as moments (at)
        cross join lateral (
            select case
                when at < starts then 0
                when at - starts + 1 >= length then minor
                else sign(minor)::bigint * ((2 * abs(minor) * (at - starts + 1) + length) / (2 * length))
            end as part
        ) as earned
    ) as earned
    cross join lateral (
        select
            case when day <= adjusted_on or minor = earned.base then 0 else
                sign(taken::numeric * (earned.today - earned.base) / (minor - earned.base))
                * div(2 * abs(taken::numeric * (earned.today - earned.base)) + abs(minor - earned.base),
                    2 * abs(minor - earned.base))
            end::bigint as today,
            case when day - 1 <= adjusted_on or minor = earned.base then 0 else
                sign(taken::numeric * (earned.yesterday - earned.base) / (minor - earned.base))
                * div(2 * abs(taken::numeric * (earned.yesterday - earned.base)) + abs(minor - earned.base),
                    2 * abs(minor - earned.base))
            end::bigint as yesterday
    ) as taken_back
),
moves as (
    select day, currency, minor from line_moves
    union all
    select day, currency, -minor from adjusted_moves
)
select day, currency, (sum(sum(minor)) over (partition by currency order by day))::bigint as minor
from moves
group by day, currency
order by day, currency
