-- Those of the objects about which a fact waits that brings them up to date. One of a type that moves nothing does not, and of
-- a charge only its failure does: its success is told by its payment intent.
-- in: names text[], moving text[]    out: object_id text
select distinct object_id
from inbox
where state = 'new' and object_id = any(cast(:names as text[]))
  and (source not in ('webhook', 'poll') or type = any(cast(:moving as text[])))
  and (object_type <> 'charge' or payload ->> 'status' = 'failed')
