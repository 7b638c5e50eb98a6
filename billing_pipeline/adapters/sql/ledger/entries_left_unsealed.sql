-- What the epochs before this one left unsealed, by id. After a restore the transaction ids of new entries may be lower.
-- in: tx_from bigint (end of the last seal), earlier_floor bigint (of that seal), last_entry bigint (of that seal)
-- out: entry_id bigint, content_hash bytea, currency text, debit_minor bigint
select e.entry_id, e.content_hash, e.currency, sums.debit_minor
from journal_entries as e
cross join lateral (
    select coalesce(sum(p.minor) filter (where p.minor > 0), 0)::bigint as debit_minor
    from postings as p
    where p.entry_id = e.entry_id
) as sums
where e.entry_id > :last_entry
    or (e.tx >= cast(cast(:tx_from as text) as xid8) and e.entry_id > :earlier_floor)
order by e.entry_id
