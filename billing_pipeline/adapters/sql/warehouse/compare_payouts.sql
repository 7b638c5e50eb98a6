-- Payouts that books, Stripe and their own transactions tell differently. Grain: one row per payout.
-- in: stripe.payouts, stripe.payout_transactions, stripe.balance_transactions, booked, cut    out: the columns of a finding
with made_of as (
    select m.payout_id, cast(sum(t.net_minor) as bigint) as net_minor, count(*) as transactions
    from stripe.payout_transactions m
    join stripe.balance_transactions t on t.balance_transaction_id = m.balance_transaction_id
    group by m.payout_id
),
entered as (
    select
        substr(source, 8) as payout_id,
        max(currency) as currency,
        cast(sum(transit_minor) as bigint) as transit_minor,
        max(occurred_at) as occurred_at
    from booked
    where kind = 'payout'
    group by substr(source, 8)
),
pairs as (
    select
        case
            when t.payout_id is null then 'payout_mismatch'
            when t.status in ('failed', 'canceled') and b.payout_id is not null and f.source is null
                then 'payout_failed_after_paid'
            when t.status in ('failed', 'canceled') then null
            when b.payout_id is null or b.currency <> t.currency or b.transit_minor <> t.amount_minor then 'payout_mismatch'
            when m.net_minor is not null and m.net_minor <> t.amount_minor then 'payout_mismatch'
        end as kind,
        coalesce(t.payout_id, b.payout_id) as payout_id,
        coalesce(t.currency, b.currency) as currency,
        coalesce(t.amount_minor, b.transit_minor) as amount_minor,
        case
            when b.payout_id is null then ''
            when m.net_minor is not null and m.net_minor <> t.amount_minor
                then 'its ' || cast(m.transactions as varchar) || ' transactions sum to ' || cast(m.net_minor as varchar)
            else 'booked ' || cast(b.transit_minor as varchar) || ' ' || b.currency
        end as ours,
        coalesce(t.status || ' ' || cast(t.amount_minor as varchar) || ' ' || t.currency, '') as theirs,
        greatest(t.created_at, b.occurred_at) as touched_at
    from stripe.payouts t
    full outer join entered b on b.payout_id = t.payout_id
    left join booked f on f.source = 'payout_failed:' || t.payout_id
    left join made_of m on m.payout_id = t.payout_id
)
select
    p.kind,
    p.payout_id as subject,
    cast(null as varchar) as invoice_id,
    cast(null as varchar) as payment_intent_id,
    cast(null as varchar) as account_id,
    p.currency,
    p.amount_minor,
    p.ours,
    p.theirs,
    p.payout_id as evidence
from pairs p
cross join cut
left join ledger.waiting_facts w on w.object_id = p.payout_id
where p.kind is not null
    and p.touched_at <= cut.cut_off
    and (w.last_received_at is null or w.last_received_at <= cut.cut_off)
