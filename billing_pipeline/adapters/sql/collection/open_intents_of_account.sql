-- The intents of an account's open collections, with how often a cancel of each was lost. Grain: one row per collection.
-- in: account_id text    out: invoice_id text, seq int, payment_intent_id text, cancels_lost bigint
select c.invoice_id, c.seq, c.payment_intent_id, (
    select count(*) from stripe_attempts s
    where s.operation = 'cancel' and s.subject = c.invoice_id || '#' || c.seq
      and (s.outcome = 'not_created' or s.codes ->> 'code' in ('authentication', 'permission_denied'))
) as cancels_lost
from collections c
join invoices i using (invoice_id)
where i.account_id = :account_id and c.closed_at is null and c.payment_intent_id is not null
order by c.invoice_id, c.seq
