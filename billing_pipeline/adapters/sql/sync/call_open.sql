-- Whether a call about a subject is under way, or its outcome unknown: it may still be sent again.
-- in: operation text, subject text    out: is_open bool
select exists (
    select from stripe_attempts where operation = :operation and subject = :subject and outcome is null
) as is_open
