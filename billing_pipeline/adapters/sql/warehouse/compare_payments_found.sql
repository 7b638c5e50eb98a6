-- Payments that disagree, as findings. Grain: one row per payment intent.
-- in: payment_findings    out: the columns of a finding
select kind, subject, invoice_id, payment_intent_id, account_id, currency, amount_minor, ours, theirs, evidence
from payment_findings
