-- Repairs in a state whose divergence is still open, oldest first.
-- in: state text    out: columns of repairs
select r.repair_id, r.divergence_id, r.kind, r.plan, r.amount_minor, r.currency, r.state, r.requested_by, r.approved_by
from repairs r
join divergences d using (divergence_id)
where r.state = :state and (d.state = 'open' or r.state not in ('proposed', 'approved'))
order by r.repair_id
