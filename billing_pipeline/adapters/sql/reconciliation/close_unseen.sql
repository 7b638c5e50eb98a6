-- Closes open divergences that the run did not see any more; a late settlement that was late for too long has expired.
-- in: run_id text, at timestamptz, late_before timestamptz    out: divergence_id text, state text
with closed as (
    update divergences
    set state = case when kind = 'late_settlement' and first_seen <= :late_before then 'expired' else 'resolved' end,
        closed_at = :at
    where state = 'open' and run_id <> :run_id
    returning divergence_id, state
),
history as (
    insert into divergence_history (divergence_id, at, who, what)
    select divergence_id, :at, 'reconciliation', state from closed
)
select divergence_id, state from closed
