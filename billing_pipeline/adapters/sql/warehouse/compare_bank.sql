-- Bank lines that no payout explains, nor a payment booked by hand, and paid payouts that a statement should show and does not. Grain: one row per line or payout.
-- in: ledger.bank_lines, ledger.bank_matches, stripe.payouts, cut    out: the columns of a finding
with told as (
    select currency, min(booked_on) as first_day, max(booked_on) as last_day from ledger.bank_lines group by currency
)
select
    'bank_line_unmatched' as kind,
    l.bank_line_id as subject,
    cast(null as varchar) as invoice_id,
    cast(null as varchar) as payment_intent_id,
    cast(null as varchar) as account_id,
    l.currency,
    l.amount_minor,
    cast(l.amount_minor as varchar) || ' ' || l.currency || ' on ' || cast(l.booked_on as varchar) as ours,
    '' as theirs,
    l.bank_line_id || ' ' || l.file as evidence
from ledger.bank_lines l
left join ledger.bank_matches m on m.bank_line_id = l.bank_line_id
where m.bank_line_id is null and l.payment_id is null
union all
select
    'bank_line_unmatched',
    p.payout_id,
    cast(null as varchar),
    cast(null as varchar),
    cast(null as varchar),
    p.currency,
    p.amount_minor,
    '',
    p.status || ' ' || cast(p.amount_minor as varchar) || ' ' || p.currency || ' to arrive ' || cast(cast(p.arrival_at as date) as varchar),
    p.payout_id
from stripe.payouts p
cross join cut
join told t on t.currency = p.currency
left join ledger.bank_matches m on m.payout_id = p.payout_id
where p.status = 'paid'
    and m.payout_id is null
    and cast(p.arrival_at as date) >= t.first_day
    and cast(p.arrival_at as date) <= cut.bank_before
    and cast(p.arrival_at as date) < t.last_day
