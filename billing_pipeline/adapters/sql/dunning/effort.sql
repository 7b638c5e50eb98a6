-- What dunning did until a moment, in numbers: one row.
-- in: until timestamptz
-- out: retries, suspended, canceled, messages bigint (invoices suspended and canceled; messages that left)
select count(*) filter (where s.action = 'retry') as retries,
       count(distinct s.invoice_id) filter (where s.action = 'suspend') as suspended,
       count(distinct s.invoice_id) filter (where s.action = 'cancel') as canceled,
       (select count(*) from messages m where m.state = 'sent' and m.sent_at <= :until) as messages
from dunning_steps s
where s.taken_at <= :until and s.outcome = 'taken'
