-- Writes a wish down, unless one of that name is there.
-- in: request text, payment_id text, amount_minor bigint, destination text, reason text, requested_by text, now timestamptz
insert into refund_requests
    (refund_request_id, payment_id, amount_minor, destination, reason, requested_by, requested_at)
values (:request, :payment_id, :amount_minor, :destination, :reason, :requested_by, :now)
on conflict (refund_request_id) do nothing
