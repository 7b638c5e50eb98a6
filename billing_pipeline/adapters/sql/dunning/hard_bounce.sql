-- The hard bounce after which nothing reached the account at the message's address. None for a message that a person sends again.
-- in: message_id text    out: message_id, error text, sent_at timestamptz
select b.message_id, b.error, b.sent_at
from messages m
join messages b on b.account_id = m.account_id and b.recipient = m.recipient and b.state = 'bounced' and b.error like 'hard %'
where m.message_id = :message_id and m.sent_at is null
  and not exists (
      select from messages s
      where s.account_id = m.account_id and s.recipient = m.recipient and s.state = 'sent' and s.sent_at > b.sent_at)
order by b.sent_at desc, b.message_id
limit 1
