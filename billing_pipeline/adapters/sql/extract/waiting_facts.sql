-- One row per Stripe object about which facts wait in the inbox; oldest and newest by arrival.
-- in: nothing, it is pulled whole    out: the columns of the warehouse table ledger.waiting_facts
select
    object_id, min(received_at) as first_received_at, max(received_at) as last_received_at, count(*) as facts
from inbox
where state = 'new'
group by object_id
