-- What the demo's closing screen shows of the ledger's database, a row per figure.
-- in: nothing    out: section text, label text, currency text, items bigint, minor bigint
select 'invoices' as section, state as label, currency, count(*) as items, sum(total_minor)::bigint as minor
from invoices group by state, currency
union all
select 'collected', method, currency, count(*), sum(amount_minor)::bigint
from payments where reversed_at is null group by method, currency
union all
select 'recovered', 'after a failed attempt', p.currency, count(*), sum(p.applied_minor)::bigint
from payments p join collections c on c.invoice_id = p.invoice_id and c.payment_intent_id = p.payment_intent_id
where c.failures > 0 and p.reversed_at is null group by p.currency
union all
select 'credits', 'applied', i.currency, count(*), sum(u.amount_minor)::bigint
from credit_uses u join invoices i using (invoice_id) where u.returned_at is null group by i.currency
union all
select 'found', kind, null, count(*), null
from divergences group by kind
union all
select 'dunning', action, null, count(*), null
from dunning_steps group by action
union all
select 'messages', state, null, count(*), null
from messages group by state
order by section, label, currency
