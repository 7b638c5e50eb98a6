-- Messages whose sender died while sending: the lease ran out.
-- in: now timestamptz
-- out: message_id, account_id text, invoices jsonb, template, language, recipient, subject, body_text, body_html text,
--      queued_at timestamptz, attempts bigint
select message_id, account_id, invoices, template, language, recipient, subject, body_text, body_html, queued_at, attempts
from messages
where state = 'sending' and next_try_at < :now
order by message_id
