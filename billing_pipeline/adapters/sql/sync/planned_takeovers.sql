-- Plans that are not carried out yet, by boundary.
-- in: nothing    out: one row each
select takeover_id, subscription_id, direction, boundary, state, requested_by, reason from stripe_takeovers
where state = 'planned' order by boundary, takeover_id
