-- Refunds that have not arrived.
-- in: nothing    out: name text
select refund_id as name from refunds where status in ('pending', 'requires_action') order by 1
