-- Lets dead and ignored facts be applied once more.
-- in: names text[] (event ids or numbers; empty for all dead ones)    out: event_id text
update inbox
set state = 'new', reason = '', applied_at = null, claimed_until = null
where (cardinality(cast(:names as text[])) = 0 and state = 'dead')
   or ((event_id = any(cast(:names as text[])) or inbox_id::text = any(cast(:names as text[])))
       and state in ('dead', 'ignored'))
returning event_id
