-- Notes how far everything was compared.
-- in: $rules, $cut_off, $whole_at    out: one row of carried.compared
insert into carried.compared (rules, cut_off, whole_at) values ($rules, $cut_off, $whole_at)
