-- Seals that do not follow from the one before them and from the entries they cover.
-- in: limit int    out: subject text, detail text
with chain as (
    select s.*, coalesce(lag(s.root) over by_number, decode(repeat('00', 32), 'hex')) as root_before,
        lag(s.tx_to) over by_number as tx_before, lag(s.entry_floor) over by_number as floor_before,
        coalesce(lag(s.last_entry) over by_number, 0) as last_before,
        max(s.last_entry) over (partition by s.epoch) as last_of_epoch, max(s.epoch) over () as last_epoch
    from seals as s
    window by_number as (order by s.seal_no)
),
members as (
    select c.seal_no, e.entry_id, e.currency, e.content_hash
    from chain as c
    join journal_entries as e on e.tx >= c.tx_from and e.tx < c.tx_to and e.entry_id > c.entry_floor
        and (c.epoch = c.last_epoch or e.entry_id <= c.last_of_epoch)
    where not c.opening
    union all
    select c.seal_no, e.entry_id, e.currency, e.content_hash
    from chain as c
    join journal_entries as e on e.entry_id <= c.entry_floor
        and (e.entry_id > c.last_before or (e.tx >= c.tx_before and e.entry_id > c.floor_before))
    where c.opening
),
hashed as (
    select seal_no, count(*) as entries, string_agg(content_hash, ''::bytea order by entry_id) as hashes
    from members
    group by seal_no
),
summed as (
    select seal_no, jsonb_object_agg(currency, minor) as debits
    from (
        select m.seal_no, m.currency, coalesce(sum(p.minor) filter (where p.minor > 0), 0)::bigint as minor
        from members as m
        left join postings as p using (entry_id)
        group by m.seal_no, m.currency
    ) as by_currency
    group by seal_no
),
recomputed as (
    select c.seal_no, c.previous_root, c.root_before, c.root, c.entries, c.debits, coalesce(h.entries, 0) as entries_now,
        coalesce(s.debits, '{}') as debits_now, sha256(c.previous_root || coalesce(h.hashes, ''::bytea)) as root_now
    from chain as c
    left join hashed as h using (seal_no)
    left join summed as s using (seal_no)
)
select 'seal ' || seal_no as subject,
    case
        when previous_root <> root_before then 'does not join the seal before it'
        when entries_now <> entries then 'covers ' || entries_now || ' entries, sealed ' || entries
        when debits_now <> debits then format('debits are %s, sealed %s', debits_now, debits)
        else 'an entry under it was changed'
    end as detail
from recomputed
where previous_root <> root_before or entries_now <> entries or debits_now <> debits or root_now <> root
order by seal_no
limit :limit
