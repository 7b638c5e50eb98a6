-- Payouts from the journal to Stripe's. Grain: one row per entry or payout.
-- Days: of the ledger the accounting date, of payouts the close zone's day.
-- in: booked, stripe.payouts, cut    out: the columns of a crossing
select
    'ledger_to_payouts' as bridge,
    coalesce(p.currency, b.currency) as currency,
    b.accounting_date as left_day,
    b.transit_minor as left_minor,
    cast(p.created_at at time zone cut.close_zone as date) as right_day,
    p.amount_minor as right_minor,
    case
        when p.payout_id is null then 'payout_mismatch'
        when p.created_at > cut.cut_off then 'after_cut_off'
        when p.status in ('failed', 'canceled') then 'never_booked_and_failed'
        else 'payout_mismatch'
    end as why
from (select * from booked where kind = 'payout') b
full outer join stripe.payouts p on 'payout:' || p.payout_id = b.source
cross join cut
where not (b.source is null and p.status in ('failed', 'canceled'))
