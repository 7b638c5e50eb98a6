-- One row per journal entry; entries never change.
-- in: $1 bigint, the watermark: rows written by transactions from it on    out: the columns of the warehouse table ledger.journal_entries
select
    entry_id, source, kind, currency, occurred_at, accounting_date, recorded_at, invoice_id, account_id, run_id,
    content_hash
from journal_entries
where tx >= $1::bigint::text::xid8
