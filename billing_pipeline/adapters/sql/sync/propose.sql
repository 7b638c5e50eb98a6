-- Keeps what a person must decide about a change made in Stripe, once.
-- in: source, subscription_id, aspect, words, kind text, wish jsonb text, now timestamptz    out: rows touched
insert into mirror_proposals (source, subscription_id, aspect, words, kind, wish, proposed_at)
values (:source, :subscription_id, :aspect, :words, :kind, cast(:wish as jsonb), :now)
on conflict (source) do nothing
