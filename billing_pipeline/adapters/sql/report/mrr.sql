-- How recurring revenue moved in the month.
-- in: $month    out: movement text, currency text, accounts bigint, change_minor bigint
select movement, currency, accounts, change_minor from marts.mrr_movements where month = $month order by currency, movement
