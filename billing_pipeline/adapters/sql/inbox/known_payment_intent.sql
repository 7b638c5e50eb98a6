-- Our word for the state of payment intents, and whether a fact about them waits: that says no more than what is read now.
-- in: names text[]    out: name text, word text
select p.payment_intent_id as name, 'succeeded' as word
from payments as p
where p.payment_id = any(cast(:names as text[]))
union all
select c.payment_intent_id,
       case when c.status = 'requires_payment_method' and jsonb_array_length(c.failed_charges) > 0
            then c.status || '|' || (c.failed_charges ->> -1) else c.status end
from collections as c
where c.payment_intent_id = any(cast(:names as text[]))
  and not exists (select from payments as p where p.payment_id = c.payment_intent_id)
