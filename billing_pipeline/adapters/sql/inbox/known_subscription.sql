-- Our word for the state of mirrors.
-- in: names text[]    out: name text, word text
select stripe_subscription_id as name, case when mirror_state = 'canceled' then 'canceled' else 'open' end as word
from subscriptions
where stripe_subscription_id = any(cast(:names as text[]))
