-- Charges whose money is in the books and has not come back.
-- in: names text[]    out: name text, word text
select charge_id as name, 'succeeded' as word
from payments
where charge_id = any(cast(:names as text[])) and reversed_at is null
