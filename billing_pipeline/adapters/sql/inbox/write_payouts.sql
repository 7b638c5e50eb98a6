-- Payouts as last seen.
-- in: payout_id, currency text[], amount_minor bigint[], status text[], automatic bool[], method text[],
--     arrival_on date[], reconciliation_status, trace_id text[], created_at timestamptz[]
-- out: rows touched
insert into payouts (payout_id, currency, amount_minor, status, automatic, method, arrival_on, reconciliation_status, trace_id,
                     created_at)
select *
from unnest(
    cast(:payout_id as text[]), cast(:currency as text[]), cast(:amount_minor as bigint[]), cast(:status as text[]),
    cast(:automatic as boolean[]), cast(:method as text[]), cast(:arrival_on as date[]),
    cast(:reconciliation_status as text[]), cast(:trace_id as text[]), cast(:created_at as timestamptz[])
)
on conflict (payout_id) do update
set status = excluded.status, arrival_on = excluded.arrival_on, reconciliation_status = excluded.reconciliation_status,
    trace_id = excluded.trace_id
