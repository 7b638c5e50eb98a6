-- Wishes whose call was settled by asking: done, refused, or approved again where nothing ever happened.
-- in: nothing
update refund_requests r
set state = case s.outcome when 'refused' then 'refused' when 'not_created' then 'approved' else 'done' end,
    refund_id = coalesce(r.refund_id, s.object_id)
from stripe_attempts s
where r.state = 'sent' and s.operation = 'refund' and s.subject = r.refund_request_id and s.outcome is not null
  and not exists (
      select from stripe_attempts n
      where n.operation = 'refund' and n.subject = s.subject and n.attempt > s.attempt
  )
