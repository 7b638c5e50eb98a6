-- Amounts carried over since before a moment, of accounts that have nothing left to bill in their currency, locked. An account
-- that somebody is billing is passed by.
-- in: before timestamptz, limit int    out: account_id text, currency text, minor bigint
select c.account_id, c.currency, c.minor
from carry_overs as c
join accounts as a using (account_id)
where c.minor > 0 and c.since < :before
    and not exists (
        select from subscriptions as s
        where s.account_id = c.account_id and s.currency = c.currency and s.next_period_start is not null
    )
order by c.account_id, c.currency
limit :limit
for no key update of a, c skip locked
