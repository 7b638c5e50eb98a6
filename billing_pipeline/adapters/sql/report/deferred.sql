-- Deferred revenue of the month.
-- in: $month    out: currency text, added_minor, earned_minor, taken_back_minor, closing_minor bigint
select currency, added_minor, earned_minor, taken_back_minor, closing_minor from marts.deferred_revenue where month = $month order by currency
