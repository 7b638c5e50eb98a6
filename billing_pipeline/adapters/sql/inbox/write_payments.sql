-- Payments: new ones, and what became of known ones. Fees are book_balance's to write.
-- in: payment_id, account_id, invoice_id, method, payment_intent_id, charge_id, currency text[], amount_minor,
--     applied_minor, refunded_minor bigint[], disputed bool[], fingerprint text[], succeeded_at, reversed_at timestamptz[]
-- out: rows touched
insert into payments (payment_id, account_id, invoice_id, method, payment_intent_id, charge_id, currency, amount_minor,
                      applied_minor, refunded_minor, disputed, fingerprint, succeeded_at, reversed_at)
select *
from unnest(
    cast(:payment_id as text[]), cast(:account_id as text[]), cast(:invoice_id as text[]), cast(:method as text[]),
    cast(:payment_intent_id as text[]), cast(:charge_id as text[]), cast(:currency as text[]),
    cast(:amount_minor as bigint[]), cast(:applied_minor as bigint[]), cast(:refunded_minor as bigint[]),
    cast(:disputed as boolean[]), cast(:fingerprint as text[]), cast(:succeeded_at as timestamptz[]),
    cast(:reversed_at as timestamptz[])
)
on conflict (payment_id) do update
set applied_minor = excluded.applied_minor, refunded_minor = excluded.refunded_minor, disputed = excluded.disputed,
    reversed_at = excluded.reversed_at, method = excluded.method, fingerprint = excluded.fingerprint
