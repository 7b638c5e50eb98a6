-- Entries that are booked on another day than they belong to by occurrence, because that was closed, where one of the two is in the range.
-- in: from_day date, to_day date, zone text    out: day date, booked_on date, currency text, kind text, source text, minor bigint, recorded_at timestamptz
select
    (e.occurred_at at time zone :zone)::date as day,
    e.accounting_date as booked_on,
    e.currency,
    e.kind,
    e.source,
    sum(p.minor) filter (where p.minor > 0)::bigint as minor,
    e.recorded_at
from journal_entries e
join postings p using (entry_id)
where e.accounting_date > (e.occurred_at at time zone :zone)::date
    and ((e.occurred_at at time zone :zone)::date between :from_day and :to_day or e.accounting_date between :from_day and :to_day)
group by e.entry_id
order by day, e.entry_id
