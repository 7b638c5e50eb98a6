-- Adds the next link of the chain.
-- in: epoch, opening, entry_floor, tx_from, tx_to, entries, last_entry, debits json text, previous_root, root, sealed_at
-- out: nothing
insert into seals (epoch, opening, entry_floor, tx_from, tx_to, entries, last_entry, debits, previous_root, root, sealed_at)
values (
    :epoch, :opening, :entry_floor, cast(cast(:tx_from as text) as xid8), cast(cast(:tx_to as text) as xid8), :entries,
    :last_entry, cast(:debits as jsonb), :previous_root, :root, :sealed_at
)
