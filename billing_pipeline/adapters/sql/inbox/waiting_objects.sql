-- Those of the objects about which a fact waits to be applied.
-- in: names text[]    out: object_id text
select distinct object_id from inbox where state = 'new' and object_id = any(cast(:names as text[]))
