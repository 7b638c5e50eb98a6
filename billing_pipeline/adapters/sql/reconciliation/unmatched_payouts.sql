-- Money between Stripe and the bank that no bank line shows yet: payouts, payouts that came back after a line had shown them, top-ups.
-- in: nothing    out: payout_id text (of a top-up its balance transaction), currency text, amount_minor bigint (+ comes in at the bank), arrival_on date, trace_id text
with shown as (
    select payout_id, sum(amount_minor)::bigint as amount_minor from bank_matches group by payout_id
)
select p.payout_id, p.currency, p.amount_minor, p.arrival_on, p.trace_id
from payouts p
where p.status in ('paid', 'in_transit') and p.amount_minor <> 0
    and p.payout_id not in (select payout_id from shown)
union all
select p.payout_id, p.currency, -s.amount_minor, (e.occurred_at at time zone 'UTC')::date, p.trace_id
from payouts p
join shown s using (payout_id)
join journal_entries e on e.source = 'payout_failed:' || p.payout_id
where p.status in ('failed', 'canceled') and s.amount_minor <> 0
union all
select t.balance_transaction_id, t.currency, -t.amount_minor, (t.created_at at time zone 'UTC')::date, ''
from balance_transactions t
where t.reporting_category in ('topup', 'topup_reversal') and t.amount_minor <> 0
    and t.balance_transaction_id not in (select payout_id from shown)
order by arrival_on, payout_id
