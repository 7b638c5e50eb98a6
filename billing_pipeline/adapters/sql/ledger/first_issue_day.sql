-- The day of the first invoice that defers revenue; null while there is none.
-- in: nothing    out: day date
select min(issued_on) as day from invoices where kind <> 'opening'
