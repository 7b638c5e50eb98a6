-- Closes an open proposal.
-- in: proposal_id bigint, state text, who text, now timestamptz    out: rows touched
update mirror_proposals set state = :state, decided_by = :who, decided_at = :now
where proposal_id = :proposal_id and state = 'open'
