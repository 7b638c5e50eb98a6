-- Whether customers of ours are known to be deleted.
-- in: names text[]    out: name text, word text
select stripe_customer_id as name, case when customer_deleted_at is null then 'open' else 'deleted' end as word
from accounts
where stripe_customer_id = any(cast(:names as text[]))
