-- Entries that no seal covers yet, and when the oldest of them was recorded.
-- in: nothing    out: entries bigint, oldest_at timestamptz
with last as (
    select s.*, s.epoch = (select coalesce(max(epoch), 1) from identity_lock) as current
    from seals as s
    order by seal_no desc
    limit 1
)
select count(*) as entries, min(e.recorded_at) as oldest_at
from journal_entries as e
left join last on true
where last.seal_no is null
    or (last.current and e.tx >= last.tx_to and e.entry_id > last.entry_floor)
    or (not last.current and (e.entry_id > last.last_entry or (e.tx >= last.tx_to and e.entry_id > last.entry_floor)))
