-- Bank lines that neither a payout nor a payment booked by hand explains yet.
-- in: nothing    out: bank_line_id text, bank_account text, booked_on date, currency text, amount_minor bigint, reference text
select l.bank_line_id, l.bank_account, l.booked_on, l.currency, l.amount_minor, l.reference
from bank_lines l
where l.payment_id is null
  and not exists (select 1 from bank_matches m where m.bank_line_id = l.bank_line_id)
order by l.booked_on, l.bank_line_id
