-- Open invoices whose turn has come, locked: never tried, or with a wish to be tried again that has come
-- due; or open again after its collection was closed: by a bank return, a canceled intent, a credit note, a charge beside
-- it that came back;
-- or with a card as default that was not tried on it yet.
-- Declines count whoever asked for the try: those of our own calls with their attempts, the others from applied facts.
-- Left out: an attempt in flight, an open hold, a dispute, an account that is parked, erased or without a customer, and the
-- rest of an invoice that a charge paid in part: at most one charge pays an invoice.
-- The place (after_due_on, after_invoice_id) makes one run walk the list once, however many chunks it takes.
-- in: now timestamptz, today date, after_due_on date, after_invoice_id text, declines_since timestamptz, limit int
-- out: invoice_id text, due_on date, account_id text, number text, currency text, remaining_minor bigint,
--      stripe_customer_id text, payment_method_id text, method_type text, fingerprint text, brand text,
--      seq int, is_open bool, close_reason text, is_wished bool, payment_intent_id text, amount_minor bigint,
--      last_codes jsonb, last_failed_at timestamptz, attempts bigint, tried_fingerprint text, cancels_lost bigint,
--      declined_at timestamptz[]
select i.invoice_id, i.due_on, i.account_id, i.number, i.currency,
       i.due_minor - i.paid_minor - i.credited_minor as remaining_minor,
       a.stripe_customer_id, m.payment_method_id, m.type as method_type, m.fingerprint, m.brand,
       c.seq, c.closed_at is null as is_open, c.close_reason, coalesce(c.retry_at <= :now, false) as is_wished, c.payment_intent_id, c.amount_minor, c.last_codes, c.last_failed_at,
       coalesce(t.attempt, 0) as attempts, coalesce(t.fingerprint, '') as tried_fingerprint,
       (
           select count(*) from stripe_attempts s
           where s.operation = 'cancel' and s.subject = c.invoice_id || '#' || c.seq
             and (s.outcome = 'not_created' or s.codes ->> 'code' in ('authentication', 'permission_denied'))
       ) as cancels_lost,
       array(
           select s.outcome_at from stripe_attempts s
           where s.fingerprint = m.fingerprint and s.fingerprint <> '' and s.started_at > :declines_since
             and s.outcome = 'declined'
           union all
           select d.declined_at from card_declines d
           where d.fingerprint = m.fingerprint and d.declined_at > :declines_since and not d.by_us
       ) as declined_at
from invoices i
join accounts a on a.account_id = i.account_id
left join payment_methods m on m.account_id = i.account_id and m.is_default and m.detached_at is null
left join lateral (
    select * from collections where invoice_id = i.invoice_id order by seq desc limit 1
) c on true
left join lateral (
    select attempt, fingerprint from stripe_attempts
    where operation in ('charge', 'confirm') and subject = c.invoice_id || '#' || c.seq
    order by attempt desc limit 1
) t on true
where i.state in ('pending', 'overdue')
  and (i.due_on, i.invoice_id) > (:after_due_on, :after_invoice_id)
  and i.due_on <= :today
  and i.charger = 'engine'
  and (i.collection_method = 'automatic' or (i.collection_method = 'backlog' and i.backlog_approved_at is not null))
  and i.due_minor - i.paid_minor - i.credited_minor > 0
  and not i.disputed
  and not exists (
      select from payments p
      where p.invoice_id = i.invoice_id and p.charge_id is not null and p.applied_minor > 0 and p.reversed_at is null
  )
  and a.stripe_customer_id is not null and a.customer_deleted_at is null
  and a.parked_reason is null and a.erased_at is null
  and (c.seq is null or c.retry_at <= :now
       or c.close_reason in ('returned', 'canceled')
       or (c.closed_at is null and c.last_failed_at is not null and m.fingerprint <> '' and not exists (
               select from stripe_attempts s
               where s.operation in ('charge', 'confirm') and s.subject = c.invoice_id || '#' || c.seq
                 and s.fingerprint = m.fingerprint
           ))
       or (c.close_reason in ('credited', 'paid') and c.status in ('', 'canceled')))
  and not exists (
      select from stripe_attempts s
      where s.outcome is null and s.operation in ('charge', 'confirm', 'cancel')
        and s.subject = c.invoice_id || '#' || c.seq
  )
  and not exists (
      select from dunning_holds h
      where (h.account_id = i.account_id or h.invoice_id = i.invoice_id)
        and h.ended_at is null and h.kind <> 'skip' and (h.until is null or h.until >= :today)
  )
order by i.due_on, i.invoice_id
limit :limit
for update of i skip locked
