-- Where a run cuts the accounts that have something due into groups: the first account of each group, in order. Ranges, not
-- a limit on what is due: a group stays cheap to find however many rows the run has moved on before it.
-- in: until timestamptz, chunk int    out: account_id text
select account_id
from (
    select account_id, row_number() over (order by account_id) as place
    from (
        select distinct account_id
        from subscriptions
        where next_period_start <= :until and parked_reason is null and charger = 'engine'
    ) as due
) as numbered
where (place - 1) % :chunk = 0
order by account_id
