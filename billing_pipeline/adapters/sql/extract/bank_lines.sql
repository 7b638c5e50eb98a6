-- One row per line of a bank statement.
-- in: nothing, it is pulled whole    out: the columns of the warehouse table ledger.bank_lines
select
    bank_line_id, file, bank_account, booked_on, currency, amount_minor, reference, payout_id, payment_id,
    matched_by, loaded_at
from bank_lines
