-- How many journal entries each day holds. Grain: one row per accounting day.
-- in: ledger.journal_entries    out: day date, entries bigint
select accounting_date as day, count(*) as entries from ledger.journal_entries group by accounting_date
