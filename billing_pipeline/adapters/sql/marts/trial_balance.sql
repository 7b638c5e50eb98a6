-- The trial balance at the end of each accounting month; each currency sums to zero. Grain: one row per month, currency and ledger account.
-- in: ledger.journal_entries, ledger.postings, ledger.ledger_accounts    out: table marts.trial_balance
create or replace table marts.trial_balance as
with moved as (
    select
        cast(date_trunc('month', e.accounting_date) as date) as month,
        e.currency,
        p.ledger_account,
        cast(sum(p.minor) as bigint) as moved_minor
    from ledger.journal_entries e
    join ledger.postings p on p.entry_id = e.entry_id
    group by cast(date_trunc('month', e.accounting_date) as date), e.currency, p.ledger_account
),
months as (select distinct month from moved),
accounts as (select distinct currency, ledger_account from moved)
select
    m.month,
    a.currency,
    a.ledger_account,
    l.name as account_name,
    coalesce(x.moved_minor, 0) as moved_minor,
    cast(sum(coalesce(x.moved_minor, 0)) over (partition by a.currency, a.ledger_account order by m.month) as bigint) as closing_minor
from months m
cross join accounts a
left join moved x on x.month = m.month and x.currency = a.currency and x.ledger_account = a.ledger_account
left join ledger.ledger_accounts l on l.ledger_account = a.ledger_account
order by m.month, a.currency, a.ledger_account
