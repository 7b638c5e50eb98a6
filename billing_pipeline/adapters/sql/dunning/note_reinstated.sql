-- Writes down that a suspension is over; once.
-- in: invoice_id, step text (the key of the suspending step), taken_at timestamptz    out: rows touched
insert into dunning_steps (invoice_id, step, action, policy_version, segment, planned_on, taken_at, outcome)
select s.invoice_id, 'reinstate:' || s.step, 'reinstate', s.policy_version, s.segment,
       (cast(:taken_at as timestamptz) at time zone 'UTC')::date, cast(:taken_at as timestamptz), 'taken'
from dunning_steps s
where s.invoice_id = :invoice_id and s.step = :step
on conflict (invoice_id, step) do nothing
