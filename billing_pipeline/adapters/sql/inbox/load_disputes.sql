-- Disputes, and all others of the same charges, locked.
-- in: disputes text[], charges text[]    out: the columns of flows.ports.event_rows.DisputeRow
select dispute_id, payment_id, charge_id, currency, amount_minor, status, reason, fee_minor, evidence_due_at, created_at
from disputes
where dispute_id = any(cast(:disputes as text[]))
   or payment_id in (select payment_id from payments where charge_id = any(cast(:charges as text[])))
order by dispute_id
for no key update
