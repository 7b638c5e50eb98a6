-- Charges that the bank refused; of two tellings the earlier moment stands, so that their order does not matter.
-- in: charge_id, fingerprint, invoice_id text[], declined_at timestamptz[], by_us bool[]    out: rows touched
insert into card_declines as kept (charge_id, fingerprint, invoice_id, declined_at, by_us)
select charge_id, fingerprint, invoice_id, declined_at, by_us
from unnest(
    cast(:charge_id as text[]), cast(:fingerprint as text[]), cast(:invoice_id as text[]), cast(:declined_at as timestamptz[]),
    cast(:by_us as bool[])
) as new (charge_id, fingerprint, invoice_id, declined_at, by_us)
order by charge_id
on conflict (charge_id) do update set declined_at = least(kept.declined_at, excluded.declined_at), by_us = kept.by_us or excluded.by_us
