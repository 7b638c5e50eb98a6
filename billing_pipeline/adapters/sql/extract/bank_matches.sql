-- One row per bank line and payout (or the balance transaction of a top-up) that belong together.
-- in: nothing, it is pulled whole    out: the columns of the warehouse table ledger.bank_matches
select
    bank_line_id, payout_id, amount_minor, rule, matched_at
from bank_matches
