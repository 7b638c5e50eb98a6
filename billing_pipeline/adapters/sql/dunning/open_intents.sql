-- Those of the invoices that are still overdue, undisputed, not on hold and without money under way, with their
-- open intent, or with Stripe's invoice where Stripe bills.
-- in: invoices text[], today date    out: invoice_id, intent text (null: none)
select i.invoice_id, case when i.charger = 'stripe' then i.stripe_invoice_id else c.payment_intent_id end as intent
from invoices i left join collections c on c.invoice_id = i.invoice_id and c.closed_at is null
where i.invoice_id = any(cast(:invoices as text[])) and i.state = 'overdue' and not i.disputed
  and coalesce(c.status, '') not in ('processing', 'succeeded', 'requires_capture')
  and not exists (
      select from dunning_holds h
      where (h.account_id = i.account_id or h.invoice_id = i.invoice_id)
        and h.ended_at is null and h.kind <> 'skip' and (h.until is null or h.until >= :today)
  )
