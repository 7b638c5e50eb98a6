-- Balance transactions not seen before; of a known one only the booking is noted. All begin as pending here: they become
-- available when that is booked.
-- in: balance_transaction_id, type, reporting_category, source_id text[], currency text[], amount_minor, fee_minor, net_minor
--     bigint[], exchange_rate text[], available_on, created_at, booked_at timestamptz[]    out: rows touched
insert into balance_transactions (balance_transaction_id, type, reporting_category, source_id, currency, amount_minor,
                                  fee_minor, net_minor, exchange_rate, available_on, status, created_at, booked_at)
select balance_transaction_id, type, reporting_category, nullif(source_id, ''), currency, amount_minor, fee_minor, net_minor,
       exchange_rate, available_on, 'pending', created_at, booked_at
from unnest(
    cast(:balance_transaction_id as text[]), cast(:type as text[]), cast(:reporting_category as text[]),
    cast(:source_id as text[]), cast(:currency as text[]), cast(:amount_minor as bigint[]), cast(:fee_minor as bigint[]),
    cast(:net_minor as bigint[]), cast(:exchange_rate as text[]), cast(:available_on as timestamptz[]),
    cast(:created_at as timestamptz[]), cast(:booked_at as timestamptz[])
) as new (balance_transaction_id, type, reporting_category, source_id, currency, amount_minor, fee_minor, net_minor,
          exchange_rate, available_on, created_at, booked_at)
on conflict (balance_transaction_id) do update
set booked_at = coalesce(balance_transactions.booked_at, excluded.booked_at)
where balance_transactions.booked_at is null and excluded.booked_at is not null
