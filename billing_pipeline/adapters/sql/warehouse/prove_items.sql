-- Every cent that crosses a bridge, once per thing that carries it. Grain: one row per bridge and charge, refund, movement, payout or bank line.
-- left and right are the two ends: ledger and objects, objects and balance, balance and payouts, payouts and bank. why names a one-sided item; '' means that nothing explains it.
-- Days: of the ledger the accounting date, of objects the close zone's day, of balance, payouts and bank Stripe's and the bank's own day.
-- in: booked, stripe.*, ledger.bank_lines, ledger.bank_matches, ours_payments, duplicates, cut    out: temp table prove_items
create or replace temp table prove_items as
with charges as (
    select
        c.*,
        cast(c.created_at at time zone cut.close_zone as date) as object_day,
        cast(c.created_at at time zone 'UTC' as date) as stripe_day,
        case
            when c.created_at > cut.cut_off then 'after_cut_off'
            when d.invoice_id is not null then 'duplicate_charge'
            when c.payment_intent_id is null or i.invoice_id is null then 'orphan_object'
            else 'missing_in_ledger'
        end as unbooked_because
    from stripe.charges c
    cross join cut
    left join stripe.payment_intents i on i.payment_intent_id = c.payment_intent_id
    left join duplicates d on d.invoice_id = i.invoice_id
    where c.status = 'succeeded' and c.captured
),
refunds as (
    select
        r.*,
        cast(r.created_at at time zone cut.close_zone as date) as object_day,
        cast(r.created_at at time zone 'UTC' as date) as stripe_day,
        case when r.created_at > cut.cut_off then 'after_cut_off' else 'refund_mismatch' end as unbooked_because
    from stripe.refunds r
    cross join cut
    where r.status in ('succeeded', 'pending', 'requires_action')
),
movements as (
    select
        t.*,
        cast(t.created_at at time zone 'UTC' as date) as stripe_day,
        case
            when t.source_id is null and t.reporting_category in ('charge', 'refund', 'payout') then 'other'
            when t.reporting_category in ('charge', 'charge_failure', 'refund', 'refund_failure', 'payout', 'payout_reversal') then 'fee'
            when t.reporting_category in ('dispute', 'dispute_reversal') then 'dispute'
            when t.reporting_category in ('topup', 'topup_reversal') then 'topup'
            when t.reporting_category in (
                'fee', 'network_cost', 'tax', 'other_adjustment', 'contribution', 'climate_order_purchase', 'climate_order_refund'
            ) then 'stripe_fee'
            when t.reporting_category = 'risk_reserved_funds' then 'reserve'
            else 'other'
        end as booked_as
    from stripe.balance_transactions t
),
cash as (
    select * from booked where stripe_minor <> 0 and kind in ('payment', 'refund', 'refund_failed', 'payment_returned')
),
costs as (
    select
        b.source, b.currency, b.accounting_date,
        case when b.kind in ('fee', 'stripe_fee') then -b.fee_minor else b.stripe_minor end as minor
    from booked b
    where b.kind in ('fee', 'stripe_fee', 'topup') or b.source like 'dispute:%'
),
known_costs as (
    select
        m.booked_as || ':' || m.balance_transaction_id as source,
        m.currency,
        m.stripe_day,
        case when m.booked_as = 'fee' then -m.fee_minor else m.net_minor end as minor,
        case
            when m.created_at > cut.cut_off then 'after_cut_off'
            when m.booked_as = 'dispute' then 'dispute_unbooked'
            when m.booked_as = 'reserve' then 'reserved_by_stripe'
            when m.booked_as in ('other', 'topup') then 'unbooked_' || m.reporting_category
            else 'fee_unbooked'
        end as unbooked_because
    from movements m
    cross join cut
    where (m.booked_as = 'fee' and m.fee_minor <> 0) or (m.booked_as <> 'fee' and m.net_minor <> 0)
),
known_cash as (
    select 'payment:' || charge_id as source, currency, object_day, captured_minor as minor, unbooked_because from charges
    union all
    select 'refund:' || refund_id, currency, object_day, -amount_minor, unbooked_because from refunds
    union all
    select 'refund:' || refund_id, currency, cast(created_at at time zone cut.close_zone as date), -amount_minor, 'undone'
    from stripe.refunds cross join cut where status in ('failed', 'canceled')
    union all
    select 'refund_failed:' || refund_id, currency, cast(created_at at time zone cut.close_zone as date), amount_minor, 'undone'
    from stripe.refunds cross join cut where status in ('failed', 'canceled')
)
select
    'ledger_to_objects' as bridge,
    coalesce(l.source, r.source) as item,
    coalesce(r.currency, l.currency) as currency,
    l.accounting_date as left_day,
    l.stripe_minor as left_minor,
    r.object_day as right_day,
    r.minor as right_minor,
    case
        when l.source is null then r.unbooked_because
        when r.source is null and l.kind = 'payment_returned' then 'returned_by_the_bank'
        when r.source is null and l.kind = 'payment' and l.source like 'payment:%' then 'missing_in_stripe'
        when r.source is null and l.source like 'refund%' then 'refund_mismatch'
        else ''
    end as why
from cash l
full outer join known_cash r on r.source = l.source
where not (l.source is null and r.unbooked_because = 'undone')
union all
select
    'objects_to_balance',
    c.charge_id,
    c.currency,
    c.object_day,
    c.captured_minor,
    m.stripe_day,
    case when m.currency = c.currency then m.amount_minor end,
    case
        when m.balance_transaction_id is null then 'no_balance_transaction_yet'
        when m.currency <> c.currency then 'settled_in_another_currency'
        else 'utc_shift'
    end
from charges c
left join movements m on m.balance_transaction_id = c.balance_transaction_id
union all
select
    'objects_to_balance',
    r.refund_id,
    r.currency,
    r.object_day,
    -r.amount_minor,
    m.stripe_day,
    case when m.currency = r.currency then m.amount_minor end,
    case
        when m.balance_transaction_id is null then 'no_balance_transaction_yet'
        when m.currency <> r.currency then 'settled_in_another_currency'
        else 'utc_shift'
    end
from refunds r
left join movements m on m.balance_transaction_id = r.balance_transaction_id
union all
select
    'fees_and_disputes',
    coalesce(l.source, r.source),
    coalesce(r.currency, l.currency),
    l.accounting_date,
    l.minor,
    r.stripe_day,
    r.minor,
    case when l.source is null then r.unbooked_because when r.source is null then 'missing_in_stripe' else 'utc_shift' end
from costs l
full outer join known_costs r on r.source = l.source
union all
select
    'balance_to_payouts',
    p.payout_id,
    p.currency,
    case when m.net_minor is not null then cast(p.created_at at time zone 'UTC' as date) end,
    m.net_minor,
    cast(p.created_at at time zone 'UTC' as date),
    p.amount_minor,
    case when m.net_minor is null then 'not_itemised_by_stripe' else 'payout_mismatch' end
from stripe.payouts p
left join (
    select x.payout_id, cast(sum(t.net_minor) as bigint) as net_minor
    from stripe.payout_transactions x
    join stripe.balance_transactions t on t.balance_transaction_id = x.balance_transaction_id
    group by x.payout_id
) m on m.payout_id = p.payout_id
where p.status not in ('failed', 'canceled')
union all
select
    'ledger_to_payouts',
    coalesce(b.source, 'payout:' || p.payout_id),
    coalesce(p.currency, b.currency),
    b.accounting_date,
    b.transit_minor,
    cast(p.created_at at time zone cut.close_zone as date),
    p.amount_minor,
    case
        when p.payout_id is null then 'payout_mismatch'
        when p.created_at > cut.cut_off then 'after_cut_off'
        when p.status in ('failed', 'canceled') then 'never_booked_and_failed'
        else 'payout_mismatch'
    end
from (select * from booked where kind = 'payout') b
full outer join stripe.payouts p on 'payout:' || p.payout_id = b.source
cross join cut
where not (b.source is null and p.status in ('failed', 'canceled'))
union all
select
    'payouts_to_bank',
    p.payout_id,
    p.currency,
    cast(p.arrival_at as date),
    p.amount_minor,
    m.booked_on,
    m.amount_minor,
    case
        when m.payout_id is not null then 'bank_day_shift'
        when p.status <> 'paid' then 'in_transit'
        when t.last_day is null then 'no_statement_loaded'
        when cast(p.arrival_at as date) > cut.bank_before or cast(p.arrival_at as date) >= t.last_day
            or cast(p.arrival_at as date) < t.first_day then 'not_on_a_statement_yet'
        else 'bank_line_unmatched'
    end
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
where p.status not in ('failed', 'canceled') or m.payout_id is not null
union all
select
    'payouts_to_bank',
    l.bank_line_id,
    l.currency,
    cast(null as date),
    cast(null as bigint),
    l.booked_on,
    l.amount_minor,
    'bank_line_unmatched'
from ledger.bank_lines l
left join ledger.bank_matches m on m.bank_line_id = l.bank_line_id
where m.bank_line_id is null and l.payment_id is null
union all
select
    'ledger_to_objects',
    b.source,
    b.currency,
    b.accounting_date,
    b.stripe_minor,
    cast(null as date),
    cast(null as bigint),
    case when b.kind in ('conversion', 'available', 'payout', 'payout_failed') then b.kind else '' end
from booked b
where b.stripe_minor <> 0
    and b.kind not in ('payment', 'refund', 'refund_failed', 'payment_returned', 'fee', 'stripe_fee', 'topup', 'available', 'payout', 'payout_failed')
    and b.source not like 'dispute:%'
