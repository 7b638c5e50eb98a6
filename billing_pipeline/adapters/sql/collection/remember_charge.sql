-- Keeps the intent's latest charge from before a confirm.
-- in: attempt_id bigint, charge_id text
update stripe_attempts set prior_charge_id = :charge_id where attempt_id = :attempt_id and outcome is null
