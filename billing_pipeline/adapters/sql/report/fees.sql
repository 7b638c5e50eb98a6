-- What Stripe kept in the month.
-- in: $month    out: currency text, sales_minor, payment_fees_minor, dispute_fees_minor, other_fees_minor, payment_fees_ppm bigint
select currency, sales_minor, payment_fees_minor, dispute_fees_minor, other_fees_minor, payment_fees_ppm
from marts.fees
where month = $month
order by currency
