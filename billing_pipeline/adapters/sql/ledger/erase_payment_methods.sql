-- Takes what tells a card from another out of an account's payment methods.
-- in: account text    out: nothing
update payment_methods set brand = '', last4 = '', fingerprint = '', exp_month = null, exp_year = null, country = ''
where account_id = :account
