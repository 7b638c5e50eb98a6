-- Messages whose time has come, marked as being sent: nobody else sends them while the lease lasts.
-- in: batch bigint, now, lease_until timestamptz
-- out: message_id, account_id text, invoices jsonb, template, language, recipient, subject, body_text, body_html text,
--      queued_at timestamptz, attempts bigint (this one included)
update messages m set state = 'sending', attempts = m.attempts + 1, next_try_at = :lease_until
where m.message_id in (
    select w.message_id from messages w
    where w.state = 'queued' and w.next_try_at <= :now
    order by w.next_try_at, w.message_id limit :batch
    for update skip locked
)
returning m.message_id, m.account_id, m.invoices, m.template, m.language, m.recipient, m.subject, m.body_text,
          m.body_html, m.queued_at, m.attempts
