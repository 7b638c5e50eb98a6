-- Those of the facts that are still new, locked.
-- in: inbox_ids bigint[]    out: inbox_id bigint
select inbox_id from inbox where inbox_id = any(cast(:inbox_ids as bigint[])) and state = 'new' order by inbox_id for update
