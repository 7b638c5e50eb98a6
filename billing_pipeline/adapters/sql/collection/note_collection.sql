-- What an attempt taught about its collection: the intent it made, and when to try again.
-- in: invoice_id text, seq int, payment_intent_id text or null, retry_at timestamptz or null
update collections
set payment_intent_id = coalesce(payment_intent_id, :payment_intent_id),
    retry_at = coalesce(:retry_at, retry_at)
where invoice_id = :invoice_id and seq = :seq
