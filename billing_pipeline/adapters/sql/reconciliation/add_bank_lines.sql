-- Keeps a line of a bank statement; one that is there already stays as it is.
-- in: bank_line_id text, file text, bank_account text, booked_on date, currency text, amount_minor bigint, reference text, at timestamptz    out: nothing
insert into bank_lines (bank_line_id, file, bank_account, booked_on, currency, amount_minor, reference, loaded_at)
values (%(bank_line_id)s, %(file)s, %(bank_account)s, %(booked_on)s, %(currency)s, %(amount_minor)s, %(reference)s, %(at)s)
on conflict (bank_line_id) do nothing
