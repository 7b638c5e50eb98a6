-- Payment intents of open collections.
-- in: nothing    out: name text
select payment_intent_id as name from collections where closed_at is null and payment_intent_id is not null order by 1
