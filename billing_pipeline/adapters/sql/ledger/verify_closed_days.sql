-- Entries that got into a day after it was closed, and accounts of which a closed day holds other sums than its close froze:
-- the second needs nobody to be honest about when an entry was written.
-- in: limit int    out: subject text, detail text
with late as (
    select e.entry_id, e.source, e.accounting_date, e.recorded_at, d.closed_at
    from closed_days as d
    join journal_entries as e on e.accounting_date = d.day and e.recorded_at > d.closed_at
),
frozen as (
    select d.day, per_currency.key as currency, per_account.key::int as ledger_account, per_account.value::bigint as minor
    from closed_days as d
    cross join lateral jsonb_each(d.proof -> 'booked') as per_currency
    cross join lateral jsonb_each_text(per_currency.value) as per_account
),
booked as (
    select d.day, e.currency, p.ledger_account, sum(p.minor)::bigint as minor
    from closed_days as d
    join journal_entries as e on e.accounting_date = d.day
    join postings as p using (entry_id)
    where d.proof -> 'booked' is not null
    group by d.day, e.currency, p.ledger_account
),
moved as (
    select day, currency, ledger_account, coalesce(f.minor, 0) as frozen, coalesce(b.minor, 0) as booked
    from frozen as f
    full join booked as b using (day, currency, ledger_account)
    where coalesce(f.minor, 0) <> coalesce(b.minor, 0)
)
select subject, detail
from (
    select 1 as part, entry_id as place, source as subject,
        format('booked on %s at %s, closed at %s', accounting_date, recorded_at, closed_at) as detail
    from late
    union all
    select 2, row_number() over (order by day, currency, ledger_account), day::text,
        format('account %s: %s %s when it was closed, %s now', ledger_account, frozen, currency, booked)
    from moved
) as found
order by part, place
limit :limit
