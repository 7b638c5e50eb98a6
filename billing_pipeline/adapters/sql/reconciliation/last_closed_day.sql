-- The last closed day.
-- in: nothing    out: day date (null while no day is closed)
select max(day) as day from closed_days
