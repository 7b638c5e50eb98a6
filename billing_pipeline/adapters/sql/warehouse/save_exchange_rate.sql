-- Notes a rate.
-- in: $1 day, $2 currency, $3 reporting currency, $4 factor as decimal text    out: nothing
insert into meta.exchange_rates (day, currency, reporting_currency, factor) values ($1, $2, $3, cast($4 as decimal(20, 12)))
