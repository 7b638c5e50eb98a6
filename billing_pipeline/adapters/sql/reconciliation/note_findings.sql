-- Opens what is new, refreshes what is seen again; what a person has explained stays explained as long as the same amount is at stake.
-- in: findings json text (an array), at timestamptz, run_id text    out: divergence_id text, fresh boolean, reopened boolean
with told as (
    select * from jsonb_to_recordset(cast(:findings as jsonb)) as f (
        divergence_id text, kind text, severity text, subject text, invoice_id text, payment_intent_id text, account_id text,
        currency text, amount_minor bigint, ours jsonb, theirs jsonb, evidence jsonb, proposed_repair text
    )
),
before as (
    select
        divergence_id,
        d.state = 'explained' and d.amount_minor is not distinct from told.amount_minor as settled,
        d.state <> 'open' as closed
    from divergences d join told using (divergence_id)
),
written as (
    insert into divergences as d (
        divergence_id, kind, severity, subject, invoice_id, payment_intent_id, account_id, currency, amount_minor,
        ours, theirs, evidence, first_seen, last_seen, proposed_repair, run_id
    )
    select
        divergence_id, kind, severity, subject, invoice_id, payment_intent_id, account_id, currency, amount_minor,
        ours, theirs, evidence, :at, :at, proposed_repair, :run_id
    from told
    on conflict (divergence_id) do update set
        amount_minor = excluded.amount_minor,
        ours = excluded.ours,
        theirs = excluded.theirs,
        evidence = excluded.evidence,
        invoice_id = excluded.invoice_id,
        payment_intent_id = excluded.payment_intent_id,
        account_id = excluded.account_id,
        last_seen = excluded.last_seen,
        proposed_repair = excluded.proposed_repair,
        run_id = excluded.run_id,
        closed_at = case when d.state = 'explained' and d.amount_minor is not distinct from excluded.amount_minor then d.closed_at end,
        state = case when d.state = 'explained' and d.amount_minor is not distinct from excluded.amount_minor then d.state else 'open' end
    returning d.divergence_id
),
history as (
    insert into divergence_history (divergence_id, at, who, what)
    select w.divergence_id, :at, 'reconciliation', case when b.divergence_id is null then 'opened' else 'reopened' end
    from written w
    left join before b using (divergence_id)
    where b.divergence_id is null or (b.closed and not b.settled)
    returning divergence_id, what
)
select w.divergence_id, coalesce(h.what = 'opened', false) as fresh, coalesce(h.what = 'reopened', false) as reopened
from written w
left join history h using (divergence_id)
