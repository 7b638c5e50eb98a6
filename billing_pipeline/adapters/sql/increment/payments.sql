-- How many payments the ledger has.
-- in: ledger.payments    out: payments bigint
select count(*) as payments from ledger.payments
