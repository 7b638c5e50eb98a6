-- Invoices that were given up or voided while the books still hold something of them: a receivable, or the loss of one now void.
-- in: among text[] (null: all), limit int
-- out: invoice_id text, state text, open_minor bigint, tax_minor bigint, losses bigint, lost_minor bigint, ended_at timestamptz
select i.invoice_id, i.state, b.open_minor, b.tax_minor, b.losses, b.lost_minor,
    coalesce(i.written_off_at, i.voided_at) as ended_at
from invoices as i
cross join lateral (
    select max(e.entry_id) as entry_id from journal_entries as e where e.invoice_id = i.invoice_id and e.kind = 'written_off'
) as last_loss
cross join lateral (
    select coalesce(sum(p.minor) filter (where p.ledger_account = 1100), 0)::bigint as open_minor,
        coalesce(-sum(p.minor) filter (where p.ledger_account = 2300), 0)::bigint as tax_minor,
        count(distinct e.entry_id) filter (where e.kind = 'written_off') as losses,
        coalesce(sum(p.minor) filter (
            where p.ledger_account = 5200 and e.entry_id >= last_loss.entry_id and i.state = 'void'
        ), 0)::bigint as lost_minor
    from journal_entries as e
    join postings as p using (entry_id)
    where e.invoice_id = i.invoice_id
) as b
where i.state in ('written_off', 'void') and (b.open_minor > 0 or b.lost_minor > 0)
    and (cast(:among as text[]) is null or i.invoice_id = any(:among))
order by i.invoice_id
limit :limit
