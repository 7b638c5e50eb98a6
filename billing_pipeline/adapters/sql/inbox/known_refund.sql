-- Our word for the state of refunds; 'unknown' for one of a payment of ours that we have never seen.
-- in: names text[]    out: name text, word text
select wanted.name, coalesce(r.status, 'unknown') as word
from unnest(cast(:names as text[])) as wanted (name)
left join refunds as r on r.refund_id = wanted.name
