-- Payouts, locked.
-- in: payouts text[]    out: the columns of flows.ports.event_rows.PayoutRow
select payout_id, currency, amount_minor, status, automatic, method, arrival_on, reconciliation_status, trace_id, created_at
from payouts
where payout_id = any(cast(:payouts as text[]))
order by payout_id
for no key update
