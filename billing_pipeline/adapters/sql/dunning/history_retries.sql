-- Retries of invoices whose first charge was refused within a time, in the order they were made.
-- in: from_at, to_at timestamptz    out: invoice_id text, started_at timestamptz, fingerprint text, nth bigint (1: the first
--     retry), succeeded bool
with tries as (
    select regexp_replace(a.subject, '#[0-9]+$', '') as invoice_id, a.started_at, a.outcome, a.fingerprint,
           row_number() over w as nth,
           first_value(a.started_at) over w as first_at, first_value(a.outcome) over w as first_outcome
    from stripe_attempts a
    where a.operation in ('charge', 'confirm') and a.outcome in ('succeeded', 'declined', 'requires_action', 'refused')
    window w as (partition by regexp_replace(a.subject, '#[0-9]+$', '') order by a.started_at, a.attempt_id)
)
select invoice_id, started_at, fingerprint, nth - 1 as nth, outcome = 'succeeded' as succeeded
from tries
where nth > 1 and first_outcome <> 'succeeded' and first_at >= :from_at and first_at < :to_at
order by started_at, invoice_id
