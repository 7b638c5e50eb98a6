-- Disputes as last seen.
-- in: dispute_id, payment_id, charge_id, currency text[], amount_minor bigint[], status, reason text[],
--     fee_minor bigint[], evidence_due_at, created_at timestamptz[]
-- out: rows touched
insert into disputes (dispute_id, payment_id, charge_id, currency, amount_minor, status, reason, fee_minor, evidence_due_at,
                      created_at)
select *
from unnest(
    cast(:dispute_id as text[]), cast(:payment_id as text[]), cast(:charge_id as text[]), cast(:currency as text[]),
    cast(:amount_minor as bigint[]), cast(:status as text[]), cast(:reason as text[]), cast(:fee_minor as bigint[]),
    cast(:evidence_due_at as timestamptz[]), cast(:created_at as timestamptz[])
)
on conflict (dispute_id) do update
set status = excluded.status, reason = excluded.reason, fee_minor = excluded.fee_minor,
    evidence_due_at = excluded.evidence_due_at
