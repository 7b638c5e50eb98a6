-- What recurring revenue gained and lost. Grain: one row per month, currency and movement; change in minor units.
-- in: nothing    out: month date, currency varchar, movement varchar, accounts bigint, change_minor bigint
select month, currency, movement, accounts, change_minor from marts.mrr_movements order by all
