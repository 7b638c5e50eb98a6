-- The Stripe balance in the books and by Stripe's own movements, up to the cut-off. Grain: one row per currency.
-- Charges that have no balance transaction yet are in the books and not in Stripe's balance: they count on Stripe's side.
-- in: booked, stripe.balance_transactions, stripe.charges, cut    out: currency text, ledger_minor, stripe_minor, difference_minor bigint
with sides as (
    select b.currency, b.stripe_minor as ledger_minor, 0 as stripe_minor
    from booked b cross join cut
    where b.occurred_at <= cut.cut_off and b.stripe_minor <> 0
    union all
    select t.currency, 0, t.net_minor
    from stripe.balance_transactions t cross join cut
    where t.created_at <= cut.cut_off
    union all
    select c.currency, 0, c.captured_minor
    from stripe.charges c cross join cut
    where c.status = 'succeeded' and c.captured and c.balance_transaction_id is null and c.created_at <= cut.cut_off
)
select
    currency,
    cast(sum(ledger_minor) as bigint) as ledger_minor,
    cast(sum(stripe_minor) as bigint) as stripe_minor,
    cast(sum(ledger_minor) - sum(stripe_minor) as bigint) as difference_minor
from sides
group by currency
order by currency
