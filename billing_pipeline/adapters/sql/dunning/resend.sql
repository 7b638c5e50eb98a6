-- A person decided that a message shall be sent again, to the address that the account has now.
-- in: message_id text, now timestamptz    out: rows touched (0: no such message, or it is still on its way)
update messages m
set state = 'queued', attempts = 0, next_try_at = :now, error = '', recipient = a.email
from accounts a
where a.account_id = m.account_id and message_id = :message_id and state in ('failed', 'bounced', 'uncertain', 'withdrawn')
