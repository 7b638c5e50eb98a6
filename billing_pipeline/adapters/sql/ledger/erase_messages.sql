-- Takes recipient, text and the server's words (a bounce names the address) out of an account's messages; that they were sent, and when, stays.
-- in: account text    out: nothing
update messages set recipient = '', subject = '', body_text = '', body_html = '', error = '' where account_id = :account
