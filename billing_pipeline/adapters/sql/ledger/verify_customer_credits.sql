-- Accounts whose credits that somebody paid for differ from the debt in the books, or are below nothing.
-- in: limit int    out: subject text, detail text
with booked as (
    select p.customer_id as account_id, e.currency, -sum(p.minor)::bigint as minor
    from postings as p
    join journal_entries as e using (entry_id)
    where p.ledger_account = 2200
    group by p.customer_id, e.currency
),
granted as (
    select account_id, currency, sum(remaining_minor)::bigint as minor
    from credit_grants
    where kind not in ('promotional', 'goodwill') and expired_at is null
    group by account_id, currency
)
select coalesce(g.account_id, b.account_id, 'nobody') as subject,
    format('credits left %s %s, the books say %s', coalesce(g.minor, 0), coalesce(g.currency, b.currency),
        coalesce(b.minor, 0)) as detail
from granted as g
full join booked as b on b.account_id = g.account_id and b.currency = g.currency
where coalesce(g.minor, 0) <> coalesce(b.minor, 0) or b.minor < 0
order by subject
limit :limit
