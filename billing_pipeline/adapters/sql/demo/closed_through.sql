-- The last closed day.
-- in: nothing    out: day date
select max(day) as day from closed_days
