-- What our side says about the payments to look at. Grain: one row per payment intent that we know of.
-- in: payment_kinds, theirs_apart, ours_payments    out: temp table ours_apart
create or replace temp table ours_apart as
select *
from ours_payments
where payment_intent_id in (select payment_intent_id from payment_kinds union select payment_intent_id from theirs_apart)
