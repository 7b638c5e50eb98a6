-- Charges in scope of which money came and to which none of the payments found so far belongs. Grain: one row per charge.
-- in: scope, slice.stripe.charges, slice.ledger.payments, $step    out: rows of scope
insert into scope
select 'unclaimed', s.id, $step, ''
from scope s
left join slice.stripe.charges c on c.charge_id = s.id
where s.kind = 'charge'
    and (c.charge_id is null or c.status = 'succeeded')
    and s.id not in (select charge_id from slice.ledger.payments where charge_id is not null)
