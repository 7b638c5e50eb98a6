-- How many calls there were about a subject.
-- in: operation text, subject text    out: attempts bigint
select coalesce(max(attempt), 0) as attempts from stripe_attempts where operation = :operation and subject = :subject
