-- Usage that came after its stretch was billed is marked with the reason, so that it is listed and never silently dropped.
-- in: subscriptions text (ids joined by chr(31))    out: usage_key text
update usage_records as u
set refused_reason = 'its stretch of time is closed: it was billed, or nobody was to be charged for it'
from (
    select subscription_id, max(period_start) as billed_to
    from billed_periods
    where subscription_id = any(string_to_array(:subscriptions, chr(31)))
    group by subscription_id
) as b
where u.subscription_id = b.subscription_id and u.occurred_at < b.billed_to and u.invoice_id is null
    and u.refused_reason is null
returning u.usage_key
