-- Puts a message into the outbox, unless one of that name is there.
-- in: message_id, account_id text, invoices jsonb text, template, language, recipient, subject, body_text, body_html text,
--     queued_at timestamptz    out: rows touched
insert into messages (message_id, account_id, invoices, template, language, recipient, subject, body_text, body_html,
                      queued_at, next_try_at)
values (:message_id, :account_id, cast(:invoices as jsonb), :template, :language, :recipient, :subject, :body_text,
        :body_html, :queued_at, :queued_at)
on conflict (message_id) do nothing
