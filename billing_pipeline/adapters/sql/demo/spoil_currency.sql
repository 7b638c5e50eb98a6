-- A payment that somebody filed under the wrong currency.
-- in: payment_id text    out: nothing
update payments set currency = 'chf' where payment_id = :payment_id
