-- Invoices as facts left them.
-- in: invoice_id text[], state text[], paid_minor, refunded_minor bigint[], disputed bool[],
--     paid_at, voided_at, written_off_at timestamptz[]    out: rows touched
update invoices
set state = new.state, paid_minor = new.paid_minor, refunded_minor = new.refunded_minor, disputed = new.disputed,
    paid_at = new.paid_at, voided_at = new.voided_at, written_off_at = new.written_off_at
from unnest(
    cast(:invoice_id as text[]), cast(:state as text[]), cast(:paid_minor as bigint[]), cast(:refunded_minor as bigint[]),
    cast(:disputed as boolean[]), cast(:paid_at as timestamptz[]), cast(:voided_at as timestamptz[]),
    cast(:written_off_at as timestamptz[])
) as new (invoice_id, state, paid_minor, refunded_minor, disputed, paid_at, voided_at, written_off_at)
where invoices.invoice_id = new.invoice_id
