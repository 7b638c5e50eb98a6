-- Where a cursor stands.
-- in: cursor text    out: high_water timestamptz
select high_water from stripe_cursors where name = :cursor
