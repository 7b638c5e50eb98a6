-- Notes what a minor unit of a currency is.
-- in: $1 currency, $2 decimal places, $3 unit as decimal text    out: nothing
insert into meta.currencies (currency, decimal_places, unit) values ($1, $2, cast($3 as decimal(9, 3)))
