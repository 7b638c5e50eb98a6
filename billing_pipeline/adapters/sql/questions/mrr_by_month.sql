-- Recurring revenue. Grain: one row per month and currency; minor units.
-- in: nothing    out: month date, currency varchar, mrr_minor bigint
select month, currency, mrr_minor from marts.arr order by month, currency
