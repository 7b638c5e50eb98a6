-- What the usage of each stretch comes to. Its records are marked with the invoice that counts them in the same statement,
-- so a record that comes a moment later is not lost in between: it stays unmarked and is refused as late.
-- in: places int[], subscriptions text[], meters text[], starts timestamptz[], ends timestamptz[], invoices text[]
-- out: place int, total bigint, highest bigint, latest bigint; stretches without usage are left out
with wanted as (
    select *
    from unnest(
        cast(:places as int[]), cast(:subscriptions as text[]), cast(:meters as text[]), cast(:starts as timestamptz[]),
        cast(:ends as timestamptz[]), cast(:invoices as text[])
    ) as w (place, subscription_id, meter, starts, ends, invoice_id)
),
counted as (
    update usage_records as u
    set invoice_id = w.invoice_id
    from wanted as w
    where u.subscription_id = w.subscription_id and u.meter = w.meter and u.occurred_at >= w.starts
        and u.occurred_at < w.ends and u.invoice_id is null and u.refused_reason is null
    returning w.place, u.quantity, u.occurred_at, u.usage_key
)
select place, sum(quantity)::bigint as total, max(quantity) as highest,
    (array_agg(quantity order by occurred_at desc, usage_key desc))[1] as latest
from counted
group by place
