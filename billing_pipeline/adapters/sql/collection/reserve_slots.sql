-- Microseconds to wait until the first of the reserved slots, in both buckets.
-- The server's clock rules, so that processes on several machines agree. Each bucket keeps when its next slot is free.
-- in: global_bucket text, operation_bucket text, global_cost_us bigint, operation_cost_us bigint
-- out: wait_us bigint
with moment as (
    select (extract(epoch from clock_timestamp()) * 1000000)::bigint as now_us
),
reserved as (
    insert into rate_limits as kept (bucket, next_free_us)
    select wanted.bucket, moment.now_us + wanted.cost_us
    from moment, (values (cast(:global_bucket as text), cast(:global_cost_us as bigint)),
                         (cast(:operation_bucket as text), cast(:operation_cost_us as bigint))) as wanted (bucket, cost_us)
    on conflict (bucket) do update
    set next_free_us = greatest(kept.next_free_us, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
        + excluded.next_free_us - (select now_us from moment)
    returning bucket, next_free_us
)
select greatest(0, max(
    reserved.next_free_us
    - case reserved.bucket when :global_bucket then cast(:global_cost_us as bigint) else cast(:operation_cost_us as bigint) end
    - (extract(epoch from clock_timestamp()) * 1000000)::bigint
))::bigint as wait_us
from reserved
