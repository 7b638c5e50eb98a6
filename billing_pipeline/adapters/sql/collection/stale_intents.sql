-- Intents whose collection was closed without them (a credit note, a void, money booked by hand) and that are payable
-- as far as we know. One that is being tried right now is left for the next run.
-- in: limit int
-- out: invoice_id text, seq int, payment_intent_id text
select c.invoice_id, c.seq, c.payment_intent_id
from collections c
where c.close_reason in ('credited', 'voided', 'paid')
  and c.payment_intent_id is not null
  and c.status not in ('succeeded', 'canceled', 'processing')
  and not exists (
      select from stripe_attempts s
      where s.operation in ('cancel', 'charge', 'confirm') and s.subject = c.invoice_id || '#' || c.seq
        and (s.operation = 'cancel' or s.outcome is null)
  )
order by c.invoice_id, c.seq
limit :limit
