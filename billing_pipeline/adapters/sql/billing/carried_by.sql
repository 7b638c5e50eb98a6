-- What was too small to charge, by account and currency.
-- in: accounts text (ids joined by chr(31))    out: account_id text, currency text, minor bigint
select account_id, currency, minor
from carry_overs
where account_id = any(string_to_array(:accounts, chr(31))) and minor > 0
