-- Subscriptions that nobody bills until a person has put them right.
-- in: nothing    out: subscription_id text, account_id text, reason text
select subscription_id, account_id, parked_reason as reason
from subscriptions
where parked_reason is not null
order by subscription_id
