-- The entries of a window of transactions, by id: the content hash and the sum of debits of each.
-- in: tx_from, tx_to bigint, entry_floor bigint    out: entry_id bigint, content_hash bytea, currency text, debit_minor bigint
select e.entry_id, e.content_hash, e.currency, sums.debit_minor
from journal_entries as e
cross join lateral (
    select coalesce(sum(p.minor) filter (where p.minor > 0), 0)::bigint as debit_minor
    from postings as p
    where p.entry_id = e.entry_id
) as sums
where e.tx >= cast(cast(:tx_from as text) as xid8) and e.tx < cast(cast(:tx_to as text) as xid8)
    and e.entry_id > :entry_floor
order by e.entry_id
