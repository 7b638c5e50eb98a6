-- Payments, newest first.
-- in: account_id text ('' for all), limit int
-- out: payment_id, account_id, invoice_id, method, currency text, amount_minor, refunded_minor bigint, disputed bool,
--      succeeded_at timestamptz
select payment_id, account_id, invoice_id, method, currency, amount_minor, refunded_minor, disputed, succeeded_at
from payments
where cast(:account_id as text) = '' or account_id = :account_id
order by succeeded_at desc, payment_id
limit :limit
