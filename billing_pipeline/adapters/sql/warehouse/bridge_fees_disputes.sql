-- Fees, disputes and top-ups from the journal to the movements of Stripe's balance. Grain: one row per entry or movement.
-- Days: of the ledger the accounting date, of the balance Stripe's own.
-- in: booked, stripe.balance_transactions, cut    out: the columns of a crossing
with entered as (
    select
        source, currency, accounting_date,
        case when kind in ('fee', 'stripe_fee') then -fee_minor else stripe_minor end as minor
    from booked
    where kind in ('fee', 'stripe_fee', 'topup') or source like 'dispute:%'
),
movements as (
    select
        t.balance_transaction_id, t.currency, t.created_at, t.fee_minor, t.net_minor, t.reporting_category,
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
known as (
    select
        booked_as || ':' || balance_transaction_id as source,
        currency, created_at, reporting_category, booked_as,
        case when booked_as = 'fee' then -fee_minor else net_minor end as minor
    from movements
    where (booked_as = 'fee' and fee_minor <> 0) or (booked_as <> 'fee' and net_minor <> 0)
)
select
    'fees_and_disputes' as bridge,
    coalesce(r.currency, l.currency) as currency,
    l.accounting_date as left_day,
    l.minor as left_minor,
    cast(r.created_at at time zone 'UTC' as date) as right_day,
    r.minor as right_minor,
    case
        when r.source is null then 'missing_in_stripe'
        when l.source is not null then 'utc_shift'
        when r.created_at > cut.cut_off then 'after_cut_off'
        when r.booked_as = 'dispute' then 'dispute_unbooked'
        when r.booked_as = 'reserve' then 'reserved_by_stripe'
        when r.booked_as in ('other', 'topup') then 'unbooked_' || r.reporting_category
        else 'fee_unbooked'
    end as why
from entered l
full outer join known r on r.source = l.source
cross join cut
