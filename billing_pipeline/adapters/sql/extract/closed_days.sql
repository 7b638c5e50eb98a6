-- One row per closed day.
-- in: nothing, it is pulled whole    out: the columns of the warehouse table ledger.closed_days
select
    day, close_zone, digest, closed_at, closed_by
from closed_days
