-- How much was looked at.
-- in: nothing    out: entries, postings, seals, invoices bigint
select (select count(*) from journal_entries) as entries, (select count(*) from postings) as postings,
    (select count(*) from seals) as seals, (select count(*) from invoices) as invoices
