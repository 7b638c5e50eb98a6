-- Payouts on their way, and automatic ones whose members Stripe has still to work out.
-- in: nothing    out: name text
select payout_id as name
from payouts
where status in ('pending', 'in_transit')
   or (automatic and status = 'paid' and reconciliation_status not in ('completed', 'not_applicable', ''))
order by 1
