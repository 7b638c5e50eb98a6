-- Subscriptions of an account that have not ended.
-- in: account_id text    out: subscription_id text
select subscription_id from subscriptions
where account_id = :account_id and state <> 'canceled'
order by subscription_id
