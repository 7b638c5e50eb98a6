-- The day through which the books are closed; null while none is.
-- in: nothing    out: day date
select max(day) as day from closed_days
