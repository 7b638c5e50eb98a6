-- Invoices whose first charge was refused by the bank within a time, with how it went: one row each, by first failure.
-- in: from_at, to_at timestamptz
-- out: invoice_id, account_id, currency text, due_minor bigint, due_on date, zone, country, kind, locale, plan_id,
--      collection_method, charger text, failed_at timestamptz, codes jsonb, brand, fingerprint text, paid_at timestamptz,
--      by_retry bool, card_id, card_brand, card_fingerprint text, card_at timestamptz (the first card attached later)
with tries as (
    select regexp_replace(a.subject, '#[0-9]+$', '') as invoice_id, a.started_at, a.outcome, a.codes, a.fingerprint,
           row_number() over (partition by regexp_replace(a.subject, '#[0-9]+$', '') order by a.started_at, a.attempt_id) as nth
    from stripe_attempts a
    where a.operation in ('charge', 'confirm') and a.outcome in ('succeeded', 'declined', 'requires_action', 'refused')
),
firsts as (
    select * from tries
    where nth = 1 and outcome <> 'succeeded' and started_at >= :from_at and started_at < :to_at
)
select
    i.invoice_id, i.account_id, i.currency, i.due_minor, i.due_on, a.zone, a.country, a.segment as kind, a.locale,
    (select p.plan_id from invoice_lines n join prices p on p.price_id = n.price_id
     where n.invoice_id = i.invoice_id order by n.amount_minor desc, n.line_no limit 1) as plan_id,
    i.collection_method, i.charger, f.started_at as failed_at, f.codes,
    coalesce((select m.brand from payment_methods m
              where m.fingerprint = f.fingerprint and f.fingerprint <> '' limit 1), '') as brand, f.fingerprint,
    i.paid_at,
    exists (select 1 from tries t where t.invoice_id = i.invoice_id and t.nth > 1 and t.outcome = 'succeeded') as by_retry,
    c.payment_method_id as card_id, c.brand as card_brand, c.fingerprint as card_fingerprint, c.attached_at as card_at
from firsts f
join invoices i using (invoice_id)
join accounts a using (account_id)
left join lateral (
    select m.* from payment_methods m
    where m.account_id = i.account_id and m.attached_at > f.started_at and m.fingerprint <> f.fingerprint
    order by m.attached_at limit 1
) c on true
where i.due_minor > 0
order by f.started_at, i.invoice_id
