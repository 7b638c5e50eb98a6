-- What the journal holds of the things in scope. Grain: one row per journal entry.
-- in: ledger.journal_entries, entries_found    out: table slice.ledger.journal_entries
create table slice.ledger.journal_entries as
select e.* from ledger.journal_entries e join entries_found f on e.rowid = f.row_no
