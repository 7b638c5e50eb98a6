-- Divergences in a state, oldest first.
-- in: state text, kind text or '', max_rows int    out: all columns of divergences
select
    divergence_id, kind, severity, subject, invoice_id, payment_intent_id, account_id, currency, amount_minor,
    ours, theirs, evidence, first_seen, last_seen, state, owner, note, proposed_repair, run_id
from divergences
where state = :state and (:kind = '' or kind = :kind)
order by first_seen, divergence_id
limit :max_rows
