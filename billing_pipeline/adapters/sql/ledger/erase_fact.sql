-- Replaces what Stripe told by what is left of it without the person; ids, states and amounts stay.
-- in: inbox_id bigint, payload text (JSON)    out: nothing
update inbox set payload = cast(%(payload)s as jsonb) - array['description'] where inbox_id = %(inbox_id)s
