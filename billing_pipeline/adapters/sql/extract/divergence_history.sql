-- One row per change of a divergence.
-- in: nothing    out: the columns of the warehouse table reconciliation.divergence_history
select history_id, divergence_id, at, who, what, note from divergence_history
