-- Messages, newest first.
-- in: state text ('' for all), account_id text ('' for all), batch bigint
-- out: message_id, account_id, template, language, recipient, subject, state text, attempts bigint, queued_at, sent_at
--      timestamptz, error text
select message_id, account_id, template, language, recipient, subject, state, attempts, queued_at, sent_at, error
from messages
where (:state = '' or state = :state) and (:account_id = '' or account_id = :account_id)
order by queued_at desc, message_id
limit :batch
