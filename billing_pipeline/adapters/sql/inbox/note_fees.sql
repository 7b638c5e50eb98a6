-- What Stripe kept of payments, in settlement currency.
-- in: charge_id text[], balance_transaction_id text[], fee_minor bigint[]    out: rows touched
update payments
set balance_transaction_id = new.balance_transaction_id, fee_minor = new.fee_minor
from unnest(cast(:charge_id as text[]), cast(:balance_transaction_id as text[]), cast(:fee_minor as bigint[]))
     as new (charge_id, balance_transaction_id, fee_minor)
where payments.charge_id = new.charge_id
