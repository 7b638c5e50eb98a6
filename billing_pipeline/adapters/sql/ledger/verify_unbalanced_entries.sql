-- Entries whose postings do not sum to zero, or that have none.
-- in: limit int    out: subject text, detail text
select e.source as subject,
    case when count(p.line_no) = 0 then 'no postings' else 'postings sum to ' || sum(p.minor) || ' ' || e.currency end as detail
from journal_entries as e
left join postings as p using (entry_id)
group by e.entry_id
having coalesce(sum(p.minor), 1) <> 0
order by e.entry_id
limit :limit
