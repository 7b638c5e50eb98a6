-- Intents whose collection was closed without them (a credit note, a void, money booked by hand, another charge) and that are payable
-- as far as we know. One that is being tried right now is left for the next run; a cancel that never reached Stripe, or
-- that it refused for our key's sake, is made again.
-- in: limit int
-- out: invoice_id text, seq int, payment_intent_id text, cancels_lost bigint
select c.invoice_id, c.seq, c.payment_intent_id, l.cancels_lost
from collections c
cross join lateral (
    select count(*) as cancels_lost from stripe_attempts s
    where s.operation = 'cancel' and s.subject = c.invoice_id || '#' || c.seq
      and (s.outcome = 'not_created' or s.codes ->> 'code' in ('authentication', 'permission_denied'))
) l
where c.close_reason in ('credited', 'voided', 'paid')
  and c.payment_intent_id is not null
  and c.status not in ('succeeded', 'canceled', 'processing')
  and not exists (
      select from stripe_attempts s
      where s.operation in ('cancel', 'charge', 'confirm') and s.subject = c.invoice_id || '#' || c.seq
        and (s.outcome is null or (s.operation = 'cancel' and s.attempt > l.cancels_lost))
  )
order by c.invoice_id, c.seq
limit :limit
