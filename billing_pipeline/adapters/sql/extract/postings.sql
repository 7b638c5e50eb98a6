-- One row per posting; postings never change after their entry is written.
-- in: $1 bigint, the watermark: rows written by transactions from it on    out: the columns of the warehouse table ledger.postings
select
    p.entry_id, p.line_no, p.ledger_account::integer as ledger_account, p.minor, p.customer_id
from postings p
join journal_entries e using (entry_id)
where e.tx >= $1::bigint::text::xid8
