-- Refunds as last seen.
-- in: refund_id, payment_id, charge_id, currency text[], amount_minor, booked_minor bigint[], status, reason,
--     failure_reason text[], created_at timestamptz[]
-- out: rows touched
insert into refunds (refund_id, payment_id, charge_id, currency, amount_minor, booked_minor, status, reason, failure_reason,
                     created_at)
select *
from unnest(
    cast(:refund_id as text[]), cast(:payment_id as text[]), cast(:charge_id as text[]), cast(:currency as text[]),
    cast(:amount_minor as bigint[]), cast(:booked_minor as bigint[]), cast(:status as text[]), cast(:reason as text[]),
    cast(:failure_reason as text[]), cast(:created_at as timestamptz[])
)
on conflict (refund_id) do update
set status = excluded.status, booked_minor = excluded.booked_minor, failure_reason = excluded.failure_reason
