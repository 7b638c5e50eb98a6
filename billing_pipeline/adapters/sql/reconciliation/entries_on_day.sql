-- How many entries are booked on a day.
-- in: day date    out: entries bigint
select count(*) as entries from journal_entries where accounting_date = :day
