-- The day of the first entry in the books.
-- in: nothing    out: day date (null while the books are empty)
select min(accounting_date) as day from journal_entries
