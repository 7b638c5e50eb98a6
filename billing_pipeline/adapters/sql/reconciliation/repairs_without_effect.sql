-- Repairs that were done, or given up or refused, and whose divergence is still open after a later run has looked; not what was closed meanwhile.
-- in: nothing    out: columns of repairs
select r.repair_id, r.divergence_id, r.kind, r.plan, r.amount_minor, r.currency, r.state, r.requested_by, r.approved_by
from repairs r
join divergences d using (divergence_id)
where r.state in ('done', 'failed', 'refused')
    and d.state = 'open'
    and d.last_seen > r.done_at
    and r.done_at >= (
        select coalesce(max(h.at), d.first_seen)
        from divergence_history h
        where h.divergence_id = d.divergence_id and h.what in ('opened', 'reopened')
    )
order by r.repair_id
