-- Balance transactions without entries whose payment, refund, dispute or payout is known, oldest first, locked.
-- base_minor: what stands on STRIPE_PENDING for it in base_currency, + in and - out; null where it is booked by itself.
-- in: limit int, own text[] (categories that belong to no object of ours)
-- out: the columns of domain.stripe_money.BalanceTransaction, then base_currency text, base_minor bigint, charge_id text,
--      account_id text, invoice_id text
select t.balance_transaction_id, t.type, t.reporting_category, coalesce(t.source_id, ''), t.currency, t.amount_minor,
       t.fee_minor, t.net_minor, t.available_on, t.created_at, t.status, t.exchange_rate, t.payout_id,
       coalesce(p.currency, r.currency) as base_currency,
       case t.reporting_category
           when 'charge' then p.amount_minor
           when 'charge_failure' then -p.amount_minor
           when 'refund' then -r.amount_minor
           when 'refund_failure' then r.amount_minor
       end as base_minor,
       p.charge_id, coalesce(p.account_id, rp.account_id, dp.account_id) as account_id,
       coalesce(p.invoice_id, rp.invoice_id, dp.invoice_id) as invoice_id
from balance_transactions as t
left join payments as p on p.charge_id = t.source_id and t.reporting_category in ('charge', 'charge_failure')
left join refunds as r on r.refund_id = t.source_id and t.reporting_category in ('refund', 'refund_failure')
left join payments as rp on rp.payment_id = r.payment_id
left join disputes as d on d.dispute_id = t.source_id and t.reporting_category in ('dispute', 'dispute_reversal')
left join payments as dp on dp.payment_id = d.payment_id
left join payouts as o on o.payout_id = t.source_id and t.reporting_category in ('payout', 'payout_reversal')
where t.booked_at is null
  and (
      (t.reporting_category = 'charge' and p.payment_id is not null)
      or (t.reporting_category = 'charge_failure' and p.reversed_at is not null)
      or (t.reporting_category = 'refund' and r.refund_id is not null)
      or (t.reporting_category = 'refund_failure' and r.status in ('failed', 'canceled'))
      or d.dispute_id is not null
      or o.payout_id is not null
      or t.reporting_category = any(cast(:own as text[]))
  )
order by t.created_at, t.balance_transaction_id
limit :limit
for no key update of t skip locked
