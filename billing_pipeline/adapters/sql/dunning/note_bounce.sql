-- A message that was sent, or may have been, came back.
-- in: message_id, error text    out: rows touched (0: no such message, or it was never sent)
update messages set state = 'bounced', error = :error
where message_id = :message_id and state in ('sent', 'uncertain', 'bounced')
