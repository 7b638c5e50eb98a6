-- One side of a synthetic pair of books with 0.1 % divergences of every payment kind. Grain: one row per payment intent.
-- in: $rows bigint, $theirs boolean    out: the columns of ours_payments or of theirs_payments, in one shape
with base as (
    select
        n,
        hash(n) % 1000 = 7 as spoilt,
        cast(hash(n) // 1000 % 7 as integer) as fault
    from range(cast($rows as bigint)) t (n)
)
select
    'pi_' || lpad(to_base(cast(hash(n) >> 4 as bigint), 36), 14, '0') || cast(n as varchar) as payment_intent_id,
    case when $theirs and spoilt and fault = 5 then null else 'inv-' || cast(case when spoilt and fault = 6 then n - 1 else n end as varchar) end
        as invoice_id,
    case when spoilt and fault = 6 then 2 else 1 end as seq,
    'acct-' || cast(n % 100000 as varchar) as account_id,
    'ch_' || cast(n as varchar) as charge_id,
    case when $theirs and spoilt and fault = 2 then 'eur' else 'usd' end as currency,
    4900 + n % 97 + case when $theirs and spoilt and fault = 3 then 1 else 0 end as amount_minor,
    case when spoilt and fault = 6 then 0 else 4900 + n % 97 end as applied_minor,
    0 as open_minor,
    not ($theirs and spoilt and fault = 2) as fits,
    not ($theirs and spoilt and fault = 4) as paid,
    false as reversed,
    case when $theirs and spoilt and fault = 4 then 'requires_payment_method' else 'succeeded' end as status,
    4900 + n % 97 as booked_minor,
    0 as unapplied_minor,
    0 as refunded_minor,
    not ($theirs and spoilt and fault = 5) as expected,
    false as asked,
    timestamptz '2025-01-01 00:00:00+00' + to_seconds(cast(n * 25920000 // cast($rows as bigint) as bigint)) as touched_at,
    cast(null as timestamptz) as waiting_at
from base
where not (spoilt and fault = 0 and $theirs)
    and not (spoilt and fault in (1, 5) and not $theirs)
