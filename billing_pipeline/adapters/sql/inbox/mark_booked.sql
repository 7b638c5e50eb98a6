-- Balance transactions whose entries are written. Those of `direct` categories never were pending.
-- in: transactions text[], direct text[], now timestamptz    out: rows touched
update balance_transactions
set booked_at = coalesce(booked_at, :now),
    status = case when reporting_category = any(cast(:direct as text[])) then 'available' else status end
where balance_transaction_id = any(cast(:transactions as text[]))
