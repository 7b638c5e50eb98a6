-- One row per use of a credit grant on an invoice.
-- in: nothing, it is pulled whole    out: the columns of the warehouse table ledger.credit_uses
select
    credit_grant_id, invoice_id, amount_minor, used_at, returned_at
from credit_uses
