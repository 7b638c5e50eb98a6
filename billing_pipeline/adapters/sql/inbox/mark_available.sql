-- Balance transactions whose money is booked as available.
-- in: transactions text[]    out: rows touched
update balance_transactions set status = 'available' where balance_transaction_id = any(cast(:transactions as text[]))
