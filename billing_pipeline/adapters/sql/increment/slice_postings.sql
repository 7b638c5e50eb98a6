-- Their postings. Grain: one row per posting.
-- in: ledger.postings, slice.ledger.journal_entries    out: table slice.ledger.postings
create table slice.ledger.postings as
select p.* from ledger.postings p where p.entry_id in (select entry_id from slice.ledger.journal_entries)
