-- What a minor unit is. Grain: one row per currency.
-- in: nothing    out: table meta.currencies (unit: what one minor unit is worth in major units)
create or replace table meta.currencies (currency varchar primary key, decimal_places bigint not null, unit decimal(9, 3) not null)
