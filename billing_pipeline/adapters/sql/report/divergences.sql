-- Open divergences, oldest first; those of every month, because they are all still open.
-- in: $month (only to be bound)    out: divergence text, kind text, severity text, about text, currency text, amount_minor bigint, ours text, theirs text, since date
select divergence_id as divergence, kind, severity, coalesce(invoice_id, subject) as about, currency, amount_minor, ours, theirs,
    cast(first_seen as date) as since
from reconciliation.divergences
where state = 'open' and $month is not null
order by first_seen, divergence_id
