-- Notes which payment booked by hand a bank line shows.
-- in: bank_line_id text, payment_id text, rule text    out: nothing
update bank_lines set payment_id = %(payment_id)s, matched_by = %(rule)s where bank_line_id = %(bank_line_id)s
