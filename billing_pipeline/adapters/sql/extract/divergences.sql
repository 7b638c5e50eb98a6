-- One row per divergence, open or closed.
-- in: nothing    out: the columns of the warehouse table reconciliation.divergences
select
    divergence_id, kind, severity, subject, invoice_id, payment_intent_id, account_id, currency, amount_minor,
    ours ->> 'says' as ours, theirs ->> 'says' as theirs, evidence::text as evidence, first_seen, last_seen, state, owner,
    note, proposed_repair, run_id, closed_at
from divergences
