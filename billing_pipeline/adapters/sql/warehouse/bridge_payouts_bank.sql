-- Payouts to the lines of bank statements. Grain: one row per payout or bank line.
-- Days: of payouts Stripe's own, of the bank its own.
-- in: stripe.payouts, ledger.bank_matches, ledger.bank_lines, cut    out: the columns of a crossing
select
    'payouts_to_bank' as bridge,
    p.currency,
    cast(p.arrival_at as date) as left_day,
    p.amount_minor as left_minor,
    m.booked_on as right_day,
    m.amount_minor as right_minor,
    case
        when m.payout_id is not null then 'bank_day_shift'
        when p.status <> 'paid' then 'in_transit'
        when t.last_day is null then 'no_statement_loaded'
        when cast(p.arrival_at as date) > cut.bank_before or cast(p.arrival_at as date) >= t.last_day
            or cast(p.arrival_at as date) < t.first_day then 'not_on_a_statement_yet'
        else 'bank_line_unmatched'
    end as why
from stripe.payouts p
cross join cut
left join (
    select x.payout_id, max(l.booked_on) as booked_on, cast(sum(x.amount_minor) as bigint) as amount_minor
    from ledger.bank_matches x
    join ledger.bank_lines l on l.bank_line_id = x.bank_line_id
    group by x.payout_id
) m on m.payout_id = p.payout_id
left join (
    select currency, min(booked_on) as first_day, max(booked_on) as last_day from ledger.bank_lines group by currency
) t on t.currency = p.currency
where p.status not in ('failed', 'canceled') or m.amount_minor <> 0
union all
select
    'payouts_to_bank', l.currency, cast(null as date), cast(null as bigint), l.booked_on, l.amount_minor, 'bank_line_unmatched'
from ledger.bank_lines l
left join ledger.bank_matches m on m.bank_line_id = l.bank_line_id
where m.bank_line_id is null and l.payment_id is null
