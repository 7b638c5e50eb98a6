-- One divergence.
-- in: divergence_id text    out: all columns of divergences
select
    divergence_id, kind, severity, subject, invoice_id, payment_intent_id, account_id, currency, amount_minor,
    ours, theirs, evidence, first_seen, last_seen, state, owner, note, proposed_repair, run_id
from divergences
where divergence_id = :divergence_id
