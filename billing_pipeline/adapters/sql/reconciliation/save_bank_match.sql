-- Notes that a bank line and a payout belong together.
-- in: bank_line_id text, payout_id text, amount_minor bigint, rule text, at timestamptz    out: nothing
insert into bank_matches (bank_line_id, payout_id, amount_minor, rule, matched_at)
values (%(bank_line_id)s, %(payout_id)s, %(amount_minor)s, %(rule)s, %(at)s)
on conflict (bank_line_id, payout_id) do nothing
