-- Entries that got into a day after it was closed.
-- in: limit int    out: subject text, detail text
select e.source as subject, format('booked on %s at %s, closed at %s', e.accounting_date, e.recorded_at, d.closed_at) as detail
from closed_days as d
join journal_entries as e on e.accounting_date = d.day and e.recorded_at > d.closed_at
order by e.entry_id
limit :limit
