-- Writes a step down, unless it was taken before or the invoice may no longer be dunned: the last look, under a lock.
-- in: invoice_id, step, action, policy_version, segment text, planned_on date, taken_at, intent_read_at timestamptz,
--     intent_status, outcome text, owed_minor bigint, decline_class text, failures bigint, run_id text,
--     today date (the customer's)
-- out: rows touched (1 taken, 0 not)
insert into dunning_steps (invoice_id, step, action, policy_version, segment, planned_on, taken_at, intent_read_at,
                           intent_status, outcome, owed_minor, decline_class, failures, run_id)
select i.invoice_id, cast(:step as text), cast(:action as text), cast(:policy_version as text), cast(:segment as text),
       cast(:planned_on as date), cast(:taken_at as timestamptz), cast(:intent_read_at as timestamptz),
       cast(:intent_status as text), cast(:outcome as text), cast(:owed_minor as bigint), cast(:decline_class as text),
       cast(:failures as bigint), cast(:run_id as text)
from invoices i
where i.invoice_id = :invoice_id and i.state = 'overdue' and not i.disputed
  and not exists (
      select 1 from collections c
      where c.invoice_id = i.invoice_id and c.closed_at is null
        and (c.status in ('processing', 'succeeded', 'requires_capture')
             or exists (select 1 from stripe_attempts a
                        where a.outcome is null and a.operation in ('charge', 'confirm')
                          and a.subject = c.invoice_id || '#' || c.seq))
  )
  and not exists (
      select from dunning_holds h
      where (h.account_id = i.account_id or h.invoice_id = i.invoice_id)
        and h.ended_at is null and h.kind <> 'skip' and (h.until is null or h.until >= :today)
  )
for share of i
on conflict (invoice_id, step) do nothing
