-- A plan, or the record of a rehearsal; a subscription has one plan at a time.
-- in: subscription_id, direction text, boundary timestamptz, state text, comparison jsonb text, requested_by text,
--     now timestamptz, reason text    out: rows touched
insert into stripe_takeovers (subscription_id, direction, boundary, state, comparison, requested_by, requested_at, reason)
values (:subscription_id, :direction, :boundary, :state, cast(:comparison as jsonb), :requested_by, :now, :reason)
on conflict (subscription_id) where state = 'planned' do nothing
