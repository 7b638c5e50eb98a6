-- How many accounts there are.
-- in: nothing    out: accounts bigint
select count(*) as accounts from accounts
