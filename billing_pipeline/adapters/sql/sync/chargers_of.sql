-- Who charges for periods that the books know.
-- in: subscriptions text[], starts timestamptz[]    out: subscription_id text, period_start timestamptz, charger text
select b.subscription_id, b.period_start, b.charger
from billed_periods as b
join unnest(cast(:subscriptions as text[]), cast(:starts as timestamptz[])) as w (subscription_id, period_start)
    using (subscription_id, period_start)
