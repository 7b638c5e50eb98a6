-- Invoices paid twice, as findings. Grain: one row per invoice.
-- in: duplicates    out: the columns of a finding
select
    'duplicate_charge' as kind,
    invoice_id as subject,
    invoice_id,
    later_intent_id as payment_intent_id,
    account_id,
    currency,
    excess_minor as amount_minor,
    cast(known_payments as varchar) || ' payments' as ours,
    cast(payments as varchar) || ' payments' as theirs,
    later_intent_id || ' ' || earlier_intent_id as evidence
from duplicates
