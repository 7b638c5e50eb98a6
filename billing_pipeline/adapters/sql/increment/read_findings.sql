-- What the last comparison found. Grain: one row per finding.
-- in: carried.findings    out: the columns of a finding
select kind, subject, invoice_id, payment_intent_id, account_id, currency, amount_minor, ours, theirs, evidence
from carried.findings
