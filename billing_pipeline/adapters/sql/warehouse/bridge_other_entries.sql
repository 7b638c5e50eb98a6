-- Entries that move the Stripe balance and that no object of Stripe's is the cause of. Grain: one row per entry.
-- Days: of the ledger the accounting date.
-- in: booked    out: the columns of a crossing
select
    'ledger_to_objects' as bridge,
    currency,
    accounting_date as left_day,
    stripe_minor as left_minor,
    cast(null as date) as right_day,
    cast(null as bigint) as right_minor,
    case when kind = 'conversion' then kind else '' end as why
from booked
where stripe_minor <> 0
    and kind not in ('payment', 'refund', 'refund_failed', 'payment_returned', 'fee', 'stripe_fee', 'topup', 'payout', 'payout_failed')
    and source not like 'dispute:%'
