-- Writes down how sending a message ended. A bounce may come long after it was sent.
-- in: message_id, state, error text, next_try_at, now timestamptz    out: rows touched
update messages
set state = :state, error = :error, next_try_at = :next_try_at,
    sent_at = case when cast(:state as text) = 'sent' then cast(:now as timestamptz) else sent_at end
where message_id = :message_id
