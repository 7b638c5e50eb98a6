-- Where a cursor stands, and when it was last read to its end.
-- in: cursor text    out: high_water timestamptz, checked_at timestamptz
select high_water, checked_at from stripe_cursors where name = :cursor
