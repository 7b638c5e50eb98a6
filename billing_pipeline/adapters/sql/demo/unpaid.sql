-- Overdue invoices whose intent was declined and waits.
-- in: limit int    out: invoice_id text, account_id text, stripe_customer_id text, payment_intent_id text, amount_minor bigint, currency text
select c.invoice_id, i.account_id, a.stripe_customer_id, c.payment_intent_id, c.amount_minor, c.currency
from collections c join invoices i using (invoice_id) join accounts a using (account_id)
where c.closed_at is null and c.payment_intent_id is not null and i.state = 'overdue'
order by c.opened_at desc, c.invoice_id limit :limit
