-- Disputes of our payments whose money, state or loss is not in the books. Grain: one row per dispute.
-- What a lost dispute took and kept has an entry as a loss, but where the payment was booked as returned.
-- in: stripe.disputes, stripe.balance_transactions, ledger.disputes, ledger.journal_entries, booked, ours_payments, cut    out: the columns of a finding
with movements as (
    select
        t.source_id as dispute_id,
        cast(sum(case when b.source is null then 1 else 0 end) as bigint) as unbooked,
        cast(sum(t.amount_minor) as bigint) as amount_minor
    from stripe.balance_transactions t
    left join booked b on b.source = 'dispute:' || t.balance_transaction_id
    where t.reporting_category in ('dispute', 'dispute_reversal') and t.net_minor <> 0
    group by t.source_id
),
kept as (
    select m.dispute_id
    from movements m
    left join (select source from ledger.journal_entries where kind = 'dispute_lost') l on l.source = 'dispute_lost:' || m.dispute_id
    where m.amount_minor < 0 and l.source is null
)
select
    'dispute_unbooked' as kind,
    d.dispute_id as subject,
    p.invoice_id,
    p.payment_intent_id,
    p.account_id,
    d.currency,
    d.amount_minor,
    coalesce(o.status, '') || case when coalesce(m.unbooked, 0) > 0
        then ', ' || cast(m.unbooked as varchar) || ' movements not in the journal' else '' end
        || case when k.dispute_id is not null then ', its loss not in the journal' else '' end as ours,
    d.status || ' ' || cast(d.amount_minor as varchar) || ' ' || d.currency as theirs,
    d.dispute_id || coalesce(' ' || d.charge_id, '') as evidence
from stripe.disputes d
cross join cut
join ours_payments p on p.payment_intent_id = d.payment_intent_id and p.paid
left join ledger.disputes o on o.dispute_id = d.dispute_id
left join movements m on m.dispute_id = d.dispute_id
left join kept k on k.dispute_id = d.dispute_id and d.status = 'lost' and o.status = 'lost' and not p.reversed
left join ledger.waiting_facts w on w.object_id = d.dispute_id
where d.created_at <= cut.cut_off
    and (w.last_received_at is null or w.last_received_at <= cut.cut_off)
    and (o.dispute_id is null or o.status <> d.status or coalesce(m.unbooked, 0) > 0 or k.dispute_id is not null)
