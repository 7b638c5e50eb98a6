-- Entries that do not say any more what they said when they were written (domain/ledger.py content_hash, spelled out).
-- in: limit int    out: subject text, detail text
select e.source as subject, 'content hash is ' || encode(said.hash, 'hex') || ', was ' || encode(e.content_hash, 'hex') as detail
from journal_entries as e
cross join lateral (
    select sha256(convert_to(
        concat_ws(
            E'\n', e.source, e.kind, e.currency,
            to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
                || case when extract(microseconds from e.occurred_at)::bigint % 1000000 = 0 then ''
                    else to_char(e.occurred_at at time zone 'UTC', '.US') end
                || '+00:00',
            to_char(e.accounting_date, 'YYYY-MM-DD'),
            string_agg(p.ledger_account || ' ' || p.minor || ' ' || coalesce(p.customer_id, ''), E'\n' order by p.line_no)
        ), 'UTF8'
    )) as hash
    from postings as p
    where p.entry_id = e.entry_id
) as said
where said.hash <> e.content_hash
order by e.entry_id
limit :limit
