-- Cash in and back by day.
-- in: $month    out: date date, currency text, method text, collected_minor, returned_minor, net_minor bigint
select date, currency, method, collected_minor, returned_minor, net_minor
from marts.cash_collected
where date_trunc('month', date) = $month
order by date, currency, method
