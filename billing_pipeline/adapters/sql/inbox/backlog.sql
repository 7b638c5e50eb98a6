-- How the inbox stands, and when it was polled last.
-- in: nothing
-- out: waiting bigint, dead bigint, oldest_at timestamptz or null (when the oldest waiting fact came), high_water timestamptz
--      or null (up to when events were polled)
select (select count(*) from inbox where state = 'new') as waiting,
       (select count(*) from inbox where state = 'dead') as dead,
       (select received_at from inbox where state = 'new' order by inbox_id limit 1) as oldest_at,
       (select high_water from stripe_cursors where name = 'events') as high_water
