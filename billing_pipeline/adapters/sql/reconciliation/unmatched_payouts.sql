-- Payouts that no bank line has paid yet.
-- in: nothing    out: payout_id text, currency text, amount_minor bigint, arrival_on date, trace_id text
select p.payout_id, p.currency, p.amount_minor, p.arrival_on, p.trace_id
from payouts p
where p.status in ('paid', 'in_transit') and p.amount_minor <> 0
    and not exists (select 1 from bank_matches m where m.payout_id = p.payout_id)
order by p.arrival_on, p.payout_id
