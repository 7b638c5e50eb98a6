-- Charges whose money is in the books and has not come back, and failed attempts that are counted.
-- in: names text[] (charges, and the payment intents that they belong to)    out: name text, word text
select charge_id as name, 'succeeded' as word
from payments
where charge_id = any(cast(:names as text[])) and reversed_at is null
union all
select counted.charge_id, 'counted'
from collections as c
cross join jsonb_array_elements_text(c.failed_charges) as counted (charge_id)
where c.payment_intent_id = any(cast(:names as text[]))
