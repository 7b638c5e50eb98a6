-- When each card was tried, whatever for and with whatever outcome: one row per card.
-- in: from_at, to_at timestamptz    out: fingerprint text, tries timestamptz[]
select fingerprint, array_agg(started_at order by started_at) as tries
from stripe_attempts
where operation in ('charge', 'confirm') and fingerprint <> '' and started_at >= :from_at and started_at < :to_at
group by fingerprint
order by fingerprint
