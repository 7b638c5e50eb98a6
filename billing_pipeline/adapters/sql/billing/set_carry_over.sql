-- Sets what an account carries over to its next invoice. since: when the first of it was carried.
-- in: account_id text, currency text, minor bigint, now timestamptz    out: nothing
insert into carry_overs (account_id, currency, minor, since)
values (%(account_id)s, %(currency)s, %(minor)s, %(now)s)
on conflict (account_id, currency) do update
set minor = excluded.minor, since = case when carry_overs.minor > 0 then carry_overs.since else excluded.since end
