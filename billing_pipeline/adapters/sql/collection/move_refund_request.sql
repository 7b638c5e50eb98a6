-- Where the wish stands now, and the refund that it became.
-- in: request text, state text, refund_id text or null
update refund_requests set state = :state, refund_id = coalesce(:refund_id, refund_id) where refund_request_id = :request
