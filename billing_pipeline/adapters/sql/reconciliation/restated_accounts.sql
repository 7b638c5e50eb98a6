-- What moved on each ledger account in the range, as closed and as known now, where the two differ. Grain: one row per currency and account.
-- in: from_day date, to_day date, zone text    out: currency text, account text, as_closed_minor, as_known_minor bigint
select *
from (
    select
        e.currency,
        a.name as account,
        coalesce(sum(p.minor) filter (where e.accounting_date between :from_day and :to_day), 0)::bigint as as_closed_minor,
        coalesce(sum(p.minor) filter (
            where (e.occurred_at at time zone :zone)::date between :from_day and :to_day
        ), 0)::bigint as as_known_minor
    from journal_entries e
    join postings p using (entry_id)
    join ledger_accounts a using (ledger_account)
    where e.accounting_date >= :from_day
    group by e.currency, p.ledger_account, a.name
    order by e.currency, p.ledger_account
) x
where as_closed_minor <> as_known_minor
