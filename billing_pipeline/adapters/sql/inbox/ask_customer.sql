-- Customers that we believe to exist: those that the list does not bring may be deleted.
-- in: nothing    out: name text
select stripe_customer_id as name
from accounts
where stripe_customer_id is not null and customer_deleted_at is null
order by 1
