-- Changes made in Stripe that wait for a person, oldest first.
-- in: limit int    out: one row each
select proposal_id, source, subscription_id, aspect, words, kind, wish, proposed_at from mirror_proposals
where state = 'open' order by proposal_id limit :limit
