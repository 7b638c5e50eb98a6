-- Invoices that were given up or voided while the books still hold a receivable for them; the losses booked so far.
-- in: among text[] (null: all), limit int    out: invoice_id text, state text, open_minor bigint, losses bigint, ended_at timestamptz
select i.invoice_id, i.state, b.open_minor, b.losses, coalesce(i.written_off_at, i.voided_at) as ended_at
from invoices as i
cross join lateral (
    select coalesce(sum(p.minor), 0)::bigint as open_minor,
        count(distinct e.entry_id) filter (where e.kind = 'written_off') as losses
    from journal_entries as e
    join postings as p using (entry_id)
    where e.invoice_id = i.invoice_id and p.ledger_account = 1100
) as b
where i.state in ('written_off', 'void') and b.open_minor > 0
    and (cast(:among as text[]) is null or i.invoice_id = any(:among))
order by i.invoice_id
limit :limit
