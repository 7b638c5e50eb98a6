-- Takes the person out of what we told Stripe about an account's customer; that we called, and what came of it, stays.
-- in: account text    out: nothing
update stripe_attempts set request_json = '{}'
where operation = 'customer' and subject in (:account, :account || '#tax')
