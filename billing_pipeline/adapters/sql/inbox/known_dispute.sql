-- Our word for the state of disputes; 'unknown' for one that we have never seen.
-- in: names text[]    out: name text, word text
select wanted.name, coalesce(d.status, 'unknown') as word
from unnest(cast(:names as text[])) as wanted (name)
left join disputes as d on d.dispute_id = wanted.name
