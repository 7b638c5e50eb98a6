-- Rows of subscriptions with these keys, as JSON; billed_to: usage from before then has been counted, null for none yet.
-- in: keys text[]    out: key text, row jsonb
select t.subscription_id as key,
    to_jsonb(t) || jsonb_build_object('billed_to', (
        select max(b.period_start) from billed_periods as b where b.subscription_id = t.subscription_id
    )) as row
from subscriptions as t
where t.subscription_id = any(:keys)
