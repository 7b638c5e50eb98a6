-- How the inbox stands, and when it was polled last.
-- in: nothing
-- out: waiting bigint, dead bigint, oldest_at timestamptz or null (when the oldest waiting fact came), polled_at timestamptz
--      or null (when a poll last read all events)
select (select count(*) from inbox where state = 'new') as waiting,
       (select count(*) from inbox where state = 'dead') as dead,
       (select received_at from inbox where state = 'new' order by inbox_id limit 1) as oldest_at,
       (select checked_at from stripe_cursors where name = 'events') as polled_at
