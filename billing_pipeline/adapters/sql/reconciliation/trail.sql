-- Everything that is known about those ids, oldest first; of one moment causes before effects: the document, the call, the fact, the entry.
-- in: invoices text[], objects text[], payouts text[], divergences text[]    out: what text, id text, at timestamptz, facts json
with trail as (
    select 'invoice' as what, invoice_id as id, issued_at as at,
        to_jsonb(i) - 'tx' as facts
    from invoices i where invoice_id = any(cast(:invoices as text[]))
    union all
    select 'line', l.invoice_id || '/' || l.line_no, i.issued_at, to_jsonb(l) - 'invoice_id'
    from invoice_lines l join invoices i using (invoice_id) where invoice_id = any(cast(:invoices as text[]))
    union all
    select 'credit used', u.credit_grant_id, u.used_at, to_jsonb(u)
    from credit_uses u where invoice_id = any(cast(:invoices as text[]))
    union all
    select 'credit note', n.credit_note_id, n.issued_at, to_jsonb(n) - 'tx'
    from credit_notes n where n.invoice_id = any(cast(:invoices as text[]))
    union all
    select 'entry', e.source, e.occurred_at, jsonb_build_object(
        'kind', e.kind, 'currency', e.currency, 'accounting_date', e.accounting_date, 'recorded_at', e.recorded_at,
        'run_id', e.run_id,
        'postings', (
            select jsonb_agg(jsonb_build_object('account', p.ledger_account, 'minor', p.minor) order by p.line_no)
            from postings p where p.entry_id = e.entry_id
        ))
    from journal_entries e
    where e.invoice_id = any(cast(:invoices as text[]))
        or e.source in (
            select x.prefix || o.id
            from unnest(cast(:objects as text[])) o (id)
            cross join (values ('payment:'), ('refund:'), ('refund_failed:'), ('fee:'), ('stripe_fee:'), ('topup:'), ('reserve:'), ('available:'), ('dispute:'), ('dispute_lost:')) x (prefix)
        )
        or e.source in (
            select x.prefix || o.id from unnest(cast(:payouts as text[])) o (id) cross join (values ('payout:'), ('payout_failed:')) x (prefix)
        )
    union all
    select 'collection', c.invoice_id || '#' || c.seq, c.opened_at, to_jsonb(c) - 'tx'
    from collections c where c.invoice_id = any(cast(:invoices as text[])) or c.payment_intent_id = any(cast(:objects as text[]))
    union all
    select 'attempt', a.idempotency_key, a.started_at, to_jsonb(a) - 'tx' - 'request_json' || jsonb_build_object('request', a.request_json)
    from stripe_attempts a
    where split_part(a.subject, '#', 1) = any(cast(:invoices as text[])) or a.object_id = any(cast(:objects as text[]))
        or a.idempotency_key = any(cast(:objects as text[]))
    union all
    select 'payment', p.payment_id, p.succeeded_at, to_jsonb(p) - 'tx'
    from payments p where p.payment_id = any(cast(:objects as text[])) or p.invoice_id = any(cast(:invoices as text[]))
    union all
    select 'refund', r.refund_id, r.created_at, to_jsonb(r) - 'tx'
    from refunds r where r.refund_id = any(cast(:objects as text[])) or r.payment_id = any(cast(:objects as text[]))
    union all
    select 'refund request', q.refund_request_id, q.requested_at, to_jsonb(q) || jsonb_build_object('currency', p.currency)
    from refund_requests q join payments p using (payment_id)
    where p.payment_id = any(cast(:objects as text[])) or p.invoice_id = any(cast(:invoices as text[]))
    union all
    select 'dispute', d.dispute_id, d.created_at, to_jsonb(d) - 'tx'
    from disputes d where d.dispute_id = any(cast(:objects as text[])) or d.payment_id = any(cast(:objects as text[]))
    union all
    select 'balance transaction', b.balance_transaction_id, b.created_at, to_jsonb(b) - 'tx'
    from balance_transactions b
    where b.balance_transaction_id = any(cast(:objects as text[])) or b.source_id = any(cast(:objects as text[]))
    union all
    select 'payout', o.payout_id, o.created_at, to_jsonb(o) - 'tx'
    from payouts o where o.payout_id = any(cast(:payouts as text[]))
    union all
    select 'bank line', l.bank_line_id, l.booked_on::timestamptz, to_jsonb(l) || jsonb_build_object('payout', m.payout_id, 'rule', m.rule)
    from bank_lines l join bank_matches m using (bank_line_id) where m.payout_id = any(cast(:payouts as text[]))
    union all
    select 'event', f.event_id, f.occurred_at, to_jsonb(f) - 'payload' - 'tx'
    from inbox f where f.object_id = any(cast(:objects as text[]) || cast(:payouts as text[]) || cast(:invoices as text[]))
    union all
    select 'dunning step', s.invoice_id || '/' || s.step, s.taken_at, to_jsonb(s)
    from dunning_steps s where s.invoice_id = any(cast(:invoices as text[]))
    union all
    select 'divergence', v.divergence_id, v.first_seen, to_jsonb(v)
    from divergences v where v.divergence_id = any(cast(:divergences as text[]))
    union all
    select 'history', h.divergence_id, h.at, to_jsonb(h)
    from divergence_history h where h.divergence_id = any(cast(:divergences as text[]))
    union all
    select 'repair', r.repair_id::text, r.requested_at, to_jsonb(r)
    from repairs r where r.divergence_id = any(cast(:divergences as text[]))
)
select what, id, at, facts
from trail
order by at, array_position(array[
    'invoice', 'line', 'credit used', 'credit note', 'collection', 'refund request', 'attempt', 'event', 'payment', 'refund', 'dispute',
    'balance transaction', 'payout', 'bank line', 'entry', 'dunning step', 'divergence', 'history', 'repair'
], what), id
