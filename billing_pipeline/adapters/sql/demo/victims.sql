-- Paid card payments of the last weeks that nothing has happened to since, newest first.
-- available_on: when the money becomes available; null while Stripe has told no balance transaction of it
-- in: since timestamptz, currency text, limit int
-- out: payment_id text, invoice_id text, account_id text, stripe_customer_id text, payment_intent_id text, charge_id text, amount_minor bigint, available_on timestamptz
select p.payment_id, p.invoice_id, p.account_id, a.stripe_customer_id, p.payment_intent_id, p.charge_id, p.amount_minor, t.available_on
from payments p join accounts a using (account_id)
left join balance_transactions t on t.source_id = p.charge_id
where p.succeeded_at >= :since and p.currency = :currency and p.method = 'card' and p.refunded_minor = 0
  and not p.disputed and p.reversed_at is null and p.applied_minor = p.amount_minor
order by p.succeeded_at desc, p.invoice_id limit :limit
