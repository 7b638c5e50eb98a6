-- Keeps a proposal unless one of its kind is open for the divergence.
-- in: divergence_id text, kind text, plan json text, amount_minor bigint, currency text, who text, at timestamptz    out: nothing
insert into repairs (divergence_id, kind, plan, amount_minor, currency, requested_by, requested_at)
values (%(divergence_id)s, %(kind)s, %(plan)s, %(amount_minor)s, %(currency)s, %(who)s, %(at)s)
on conflict (divergence_id, kind) where state in ('proposed', 'approved') do nothing
