-- Every overdue invoice with all that decides about dunning it: one row each, by account and due date.
-- Payment status is read from collections, which only applied Stripe facts write; attempts tell only what is still open,
-- which card was tried, and how often; what others tried on the card is told by its declines. An invoice that Stripe bills has no
-- collection: its failures are told by facts about Stripe's invoice, which stands for the intent. The rest of an invoice that a
-- charge paid in part nobody tries to charge: it is due without a failure.
-- in: now timestamptz
-- out: invoice_id, account_id, currency text, owed_minor bigint, late_since date, zone, country, kind, locale, plan_id,
--      collection_method, charger text, disputed, unapproved_backlog bool, intent, intent_status text, has_failed bool,
--      failures bigint, codes jsonb, last_failed_at, retry_at timestamptz, open_attempt bool, tried_fingerprint text,
--      turn bigint, payment_method_id, brand, fingerprint text, card_attached_at timestamptz, card_country text, card_attempts timestamptz[],
--      steps text[], step_times timestamptz[], step_actions text[], holds jsonb, notices_7_days bigint
with late as materialized (
    select *, due_minor - paid_minor - credited_minor as owed_minor from invoices where state = 'overdue'
),
tries as materialized (
    select c.invoice_id, bool_or(a.outcome is null) as open_attempt,
           (array_agg(a.fingerprint order by a.attempt_id desc) filter (where a.fingerprint <> ''))[1] as tried_fingerprint
    from late join collections c using (invoice_id)
    join stripe_attempts a on a.operation in ('charge', 'confirm') and a.subject = c.invoice_id || '#' || c.seq
    group by c.invoice_id
),
newest as materialized (
    select distinct on (c.invoice_id) c.*
    from collections c join late using (invoice_id)
    order by c.invoice_id, c.seq desc
),
history as materialized (
    select c.invoice_id, sum(c.failures) as failures, count(*) filter (where c.close_reason = 'returned') as returns,
           max(c.closed_at) filter (where c.close_reason = 'returned') as returned_at
    from collections c join late using (invoice_id)
    group by c.invoice_id
),
steps as materialized (
    select s.invoice_id, array_agg(s.step order by s.taken_at) as steps,
           array_agg(s.taken_at order by s.taken_at) as step_times,
           array_agg(s.action order by s.taken_at) as step_actions
    from dunning_steps s join late using (invoice_id)
    group by s.invoice_id
),
holds as materialized (
    select l.invoice_id, jsonb_agg(jsonb_build_object(
               'hold_id', h.hold_id, 'kind', h.kind, 'who', h.who, 'why', h.why, 'until', h.until
           ) order by h.hold_id) as holds
    from dunning_holds h join late l on l.invoice_id = h.invoice_id or l.account_id = h.account_id
    where h.ended_at is null
    group by l.invoice_id
),
notices as materialized (
    select account_id, count(*) as sent
    from messages
    where queued_at > cast(:now as timestamptz) - interval '7 days' and state <> 'withdrawn' and template <> 'reinstated'
    group by account_id
),
main_plan as materialized (
    select distinct on (n.invoice_id) n.invoice_id, p.plan_id
    from invoice_lines n join late using (invoice_id) join prices p on p.price_id = n.price_id
    order by n.invoice_id, n.amount_minor desc, n.line_no
)
select
    l.invoice_id, l.account_id, l.currency, l.owed_minor,
    greatest(l.due_on, (l.backlog_approved_at at time zone 'UTC')::date, (y.returned_at at time zone 'UTC')::date) as late_since,
    a.zone, a.country, a.segment as kind, a.locale, mp.plan_id, l.collection_method, l.charger, l.disputed,
    l.collection_method = 'backlog' and l.backlog_approved_at is null as unapproved_backlog,
    case when l.charger = 'stripe' then l.stripe_invoice_id when c.closed_at is null then c.payment_intent_id end as intent,
    case when c.closed_at is null then coalesce(c.status, '') else '' end as intent_status,
    coalesce(y.failures, 0) > 0 or coalesce(y.returns, 0) > 0 or l.collection_method = 'net_terms'
        or pm.payment_method_id is null or coalesce(c.status, '') = 'requires_action'
        or l.charger = 'stripe' and exists (
            select from inbox f
            where f.object_id = l.stripe_invoice_id and f.state <> 'new' and (
                f.type = 'invoice.payment_failed'
                or f.source = 'sweep' and f.payload ->> 'status' = 'open' and f.payload ->> 'attempted' = 'true')
        )
        or exists (
            select from payments p
            where p.invoice_id = l.invoice_id and p.charge_id is not null and p.applied_minor > 0 and p.reversed_at is null
        ) as has_failed,
    coalesce(y.failures, 0) as failures,
    coalesce(c.last_codes, '{}') as codes, c.last_failed_at,
    case when c.closed_at is null then c.retry_at end as retry_at,
    coalesce(t.open_attempt, false) as open_attempt,
    coalesce(t.tried_fingerprint, '') as tried_fingerprint,
    1 + coalesce(y.returns, 0) as turn,
    pm.payment_method_id, pm.brand, pm.fingerprint, pm.attached_at as card_attached_at, pm.country as card_country,
    array(
        select x.started_at from stripe_attempts x
        where pm.fingerprint <> '' and x.fingerprint = pm.fingerprint and x.operation in ('charge', 'confirm')
          and x.started_at > cast(:now as timestamptz) - interval '30 days'
        union all
        select d.declined_at from card_declines d
        where d.fingerprint = pm.fingerprint and d.declined_at > cast(:now as timestamptz) - interval '30 days'
          and not d.by_us
        order by 1
    ) as card_attempts,
    s.steps, s.step_times, s.step_actions, h.holds, coalesce(nt.sent, 0) as notices_7_days
from late l
join accounts a using (account_id)
left join newest c on c.invoice_id = l.invoice_id
left join history y on y.invoice_id = l.invoice_id
left join tries t on t.invoice_id = l.invoice_id
left join steps s on s.invoice_id = l.invoice_id
left join holds h on h.invoice_id = l.invoice_id
left join notices nt on nt.account_id = l.account_id
left join main_plan mp on mp.invoice_id = l.invoice_id
left join payment_methods pm on pm.account_id = l.account_id and pm.is_default and pm.detached_at is null
order by l.account_id, l.due_on, l.invoice_id
