-- What was told of money going back before its payment was in the books waits again, now that the payment is.
-- in: charges text[]    out: rows touched
update inbox
set state = 'new', reason = '', applied_at = null
where state = 'ignored'
  and (object_type in ('refund', 'dispute') or (object_type = 'charge' and payload ->> 'status' = 'failed'))
  and coalesce(payload ->> 'charge', object_id) = any(cast(:charges as text[]))
