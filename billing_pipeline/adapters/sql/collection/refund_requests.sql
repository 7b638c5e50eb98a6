-- Wishes by request or by state, oldest first, with their payment. Request '' or state '' mean any.
-- in: request text, state text, limit int
-- out: refund_request_id text, amount_minor bigint, destination text, reason text, requested_by text, approved_by text,
--      state text, attempts bigint, payment_id, account_id, invoice_id, charge_id text, currency text,
--      paid_minor bigint, disputed bool
select r.refund_request_id, r.amount_minor, r.destination, r.reason, r.requested_by, r.approved_by, r.state,
       coalesce((select max(attempt) from stripe_attempts s
                 where s.operation = 'refund' and s.subject = r.refund_request_id), 0) as attempts,
       p.payment_id, p.account_id, p.invoice_id, p.charge_id, p.currency, p.amount_minor as paid_minor, p.disputed
from refund_requests r
join payments p using (payment_id)
where (cast(:request as text) = '' or r.refund_request_id = :request) and (cast(:state as text) = '' or r.state = :state)
order by r.requested_at, r.refund_request_id
limit :limit
