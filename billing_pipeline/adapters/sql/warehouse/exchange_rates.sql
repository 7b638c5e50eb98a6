-- What other currencies are worth in the reporting currency. Grain: one row per currency and day from which the rate holds.
-- in: nothing    out: table meta.exchange_rates (factor: minor units of the reporting currency per minor unit)
create or replace table meta.exchange_rates (
    day date not null,
    currency varchar not null,
    reporting_currency varchar not null,
    factor decimal(20, 12) not null,
    primary key (currency, day)
)
