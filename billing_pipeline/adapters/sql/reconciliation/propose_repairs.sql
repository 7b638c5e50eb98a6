-- Keeps a proposal; one of its kind that waits for the divergence tells then what is at stake now, one that is approved stays.
-- in: divergence_id text, kind text, plan json text, amount_minor bigint, currency text, who text, at timestamptz    out: nothing
insert into repairs (divergence_id, kind, plan, amount_minor, currency, requested_by, requested_at)
values (%(divergence_id)s, %(kind)s, %(plan)s, %(amount_minor)s, %(currency)s, %(who)s, %(at)s)
on conflict (divergence_id, kind) where state in ('proposed', 'approved') do update
set plan = excluded.plan, amount_minor = excluded.amount_minor, currency = excluded.currency
where repairs.state = 'proposed'
    and (repairs.plan, repairs.amount_minor, repairs.currency) is distinct from (excluded.plan, excluded.amount_minor, excluded.currency)
