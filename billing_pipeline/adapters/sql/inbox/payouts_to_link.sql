-- Automatic payouts whose members Stripe knows and we have not noted yet, oldest first.
-- in: limit int    out: payout_id text
select p.payout_id
from payouts as p
where p.automatic and p.reconciliation_status = 'completed'
  and not exists (select from balance_transactions as t where t.payout_id = p.payout_id)
order by p.created_at, p.payout_id
limit :limit
