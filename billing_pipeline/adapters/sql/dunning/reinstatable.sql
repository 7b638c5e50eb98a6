-- Suspensions by dunning whose account has nothing overdue any more, one row each, by account.
-- A suspension for an invoice that was written off stays until that invoice is paid.
-- in: nothing    out: account_id, invoice_id, step text, ended bool (it had subscriptions, and none of them lives)
with open_suspensions as (
    select i.account_id, i.invoice_id, s.step, i.state
    from dunning_steps s join invoices i using (invoice_id)
    where s.action = 'suspend' and s.outcome = 'taken'
      and not exists (select 1 from dunning_steps r
                      where r.invoice_id = s.invoice_id and r.step = 'reinstate:' || s.step)
)
select account_id, invoice_id, step,
       exists (select 1 from subscriptions n where n.account_id = o.account_id)
       and not exists (select 1 from subscriptions n where n.account_id = o.account_id and n.state <> 'canceled') as ended
from open_suspensions o
where not exists (select 1 from open_suspensions w where w.account_id = o.account_id and w.state = 'written_off')
  and not exists (select 1 from invoices v where v.account_id = o.account_id and v.state = 'overdue')
order by account_id, invoice_id, step
