-- Lets go of facts that could not be applied this time.
-- in: inbox_ids bigint[]    out: rows touched
update inbox set claimed_until = null where inbox_id = any(cast(:inbox_ids as bigint[])) and state = 'new'
