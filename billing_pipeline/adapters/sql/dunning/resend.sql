-- A person decided that a message shall be sent again.
-- in: message_id text, now timestamptz    out: rows touched (0: no such message, or it is still on its way)
update messages set state = 'queued', attempts = 0, next_try_at = :now, error = ''
where message_id = :message_id and state in ('failed', 'bounced', 'uncertain', 'withdrawn')
