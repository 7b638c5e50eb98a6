-- The end of the chain of seals.
-- in: nothing    out: the columns of seals
select epoch, opening, entry_floor, tx_from::text::bigint as tx_from, tx_to::text::bigint as tx_to, entries, last_entry,
    debits, previous_root, root, sealed_at
from seals
order by seal_no desc
limit 1
