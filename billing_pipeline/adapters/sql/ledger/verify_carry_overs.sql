-- Accounts whose carried-over amounts differ from the books.
-- in: limit int    out: subject text, detail text
with booked as (
    select p.customer_id as account_id, e.currency, sum(p.minor)::bigint as minor
    from postings as p
    join journal_entries as e using (entry_id)
    where p.ledger_account = 1400
    group by p.customer_id, e.currency
)
select coalesce(c.account_id, b.account_id, 'nobody') as subject,
    format('carried over %s %s, the books say %s', coalesce(c.minor, 0), coalesce(c.currency, b.currency),
        coalesce(b.minor, 0)) as detail
from carry_overs as c
full join booked as b on b.account_id = c.account_id and b.currency = c.currency
where coalesce(c.minor, 0) <> coalesce(b.minor, 0)
order by subject
limit :limit
