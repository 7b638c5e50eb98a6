-- Payments booked by hand that no line of a bank statement shows yet, with the reference that was given.
-- in: zone text    out: payment_id text, currency text, amount_minor bigint, received_on date, reference text
select p.payment_id, p.currency, p.amount_minor, (p.succeeded_at at time zone :zone)::date as received_on,
       coalesce(f.payload ->> 'reference', '') as reference
from payments p
join inbox f on f.object_id = p.payment_id and f.type = 'payment.recorded'
where p.method in ('wire', 'cheque', 'other') and p.charge_id is null and p.reversed_at is null
  and not exists (select from bank_lines l where l.payment_id = p.payment_id)
order by p.payment_id
