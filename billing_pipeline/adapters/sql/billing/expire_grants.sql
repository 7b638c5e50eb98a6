-- Notes that grants have expired; nothing is left of them.
-- in: grants text[], now timestamptz    out: nothing
update credit_grants set expired_at = :now, remaining_minor = 0 where credit_grant_id = any(cast(:grants as text[]))
