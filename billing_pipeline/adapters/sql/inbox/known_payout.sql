-- Our word for the state of payouts.
-- in: names text[]    out: name text, word text
select payout_id as name, status || '|' || reconciliation_status as word
from payouts
where payout_id = any(cast(:names as text[]))
