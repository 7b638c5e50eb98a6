-- When cards were tried for an invoice for the first time, with whatever outcome: one row per card. Whatever a policy
-- says of retries, these tries use up the card's budget as well.
-- in: from_at timestamptz    out: fingerprint text, tries timestamptz[]
with firsts as (
    select distinct on (regexp_replace(subject, '#[0-9]+$', '')) fingerprint, started_at
    from stripe_attempts
    where operation in ('charge', 'confirm')
    order by regexp_replace(subject, '#[0-9]+$', ''), started_at, attempt_id
)
select fingerprint, array_agg(started_at order by started_at) as tries
from firsts
where fingerprint <> '' and started_at >= :from_at
group by fingerprint
order by fingerprint
