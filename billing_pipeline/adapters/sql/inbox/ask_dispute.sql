-- Disputes that are not decided.
-- in: nothing    out: name text
select dispute_id as name from disputes where status not in ('won', 'lost', 'warning_closed', 'prevented') order by 1
