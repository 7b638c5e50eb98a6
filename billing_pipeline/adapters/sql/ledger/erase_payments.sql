-- Takes what tells a card from another out of an account's payments.
-- in: account text    out: nothing
update payments set fingerprint = '' where account_id = :account and fingerprint <> ''
