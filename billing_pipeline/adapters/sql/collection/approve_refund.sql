-- Approves a wish that waits for it.
-- in: request text, by text, now timestamptz
update refund_requests set state = 'approved', approved_by = :by, approved_at = :now
where refund_request_id = :request and state = 'requested'
