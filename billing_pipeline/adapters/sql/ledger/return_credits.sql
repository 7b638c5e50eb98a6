-- Gives the credits that paid for an invoice back to their grants; an expired grant keeps what is left of it.
-- in: invoice text, now timestamptz    out: credit_grant_id text, kind text, amount_minor bigint, lapsed bool
with returned as (
    update credit_uses set returned_at = :now
    where invoice_id = :invoice and returned_at is null
    returning credit_grant_id, amount_minor
),
filled as (
    update credit_grants as g set remaining_minor = g.remaining_minor + r.amount_minor
    from returned as r
    where g.credit_grant_id = r.credit_grant_id and g.expired_at is null
)
select r.credit_grant_id, g.kind, r.amount_minor, g.expired_at is not null as lapsed
from returned as r
join credit_grants as g using (credit_grant_id)
order by r.credit_grant_id
