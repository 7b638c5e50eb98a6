-- Takes recipient and text out of an account's messages; that they were sent, and when, stays.
-- in: account text    out: nothing
update messages set recipient = '', subject = '', body_text = '', body_html = '' where account_id = :account
