-- Charges that the bank refused.
-- in: declines text[]    out: the columns of flows.ports.event_rows.DeclineRow
select charge_id, fingerprint, invoice_id, declined_at, by_us
from card_declines
where charge_id = any(cast(:declines as text[]))
