-- Default cards of accounts with a running subscription that expire by that day, soonest first.
-- A card is good until the last day of its month.
-- in: today date, until date, limit int
-- out: account_id, name, email, brand, last4 text, expires_on date
select a.account_id, a.name, a.email, m.brand, m.last4, d.expires_on
from payment_methods m
join accounts a using (account_id)
cross join lateral (
    select (make_date(m.exp_year::int, m.exp_month::int, 1) + interval '1 month - 1 day')::date as expires_on
) d
where m.is_default and m.detached_at is null and m.exp_year is not null and m.exp_month is not null
  and d.expires_on between :today and :until
  and exists (select from subscriptions s where s.account_id = a.account_id and s.state in ('trialing', 'active', 'paused'))
order by d.expires_on, a.account_id
limit :limit
