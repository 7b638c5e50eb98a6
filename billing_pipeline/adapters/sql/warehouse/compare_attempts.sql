-- Calls of which nobody knows how they ended. Grain: one row per attempt.
-- in: ledger.stripe_attempts, ledger.invoices, cut    out: the columns of a finding
select
    'unknown_outcome' as kind,
    a.idempotency_key as subject,
    i.invoice_id,
    a.object_id as payment_intent_id,
    i.account_id,
    i.currency,
    i.due_minor as amount_minor,
    a.operation || ' since ' || cast(a.started_at as varchar) as ours,
    '' as theirs,
    a.idempotency_key || coalesce(' ' || a.object_id, '') as evidence
from ledger.stripe_attempts a
cross join cut
left join ledger.invoices i on i.invoice_id = split_part(a.subject, '#', 1)
where a.outcome is null and a.lease_until <= cut.cut_off
