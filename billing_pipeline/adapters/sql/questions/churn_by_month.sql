-- What failed charges cost and what was saved of it, all segments together. Grain: one row per month and currency; minor units.
-- in: nothing
-- out: month date, currency varchar, invoices_failed, failed_minor, saved_minor, lost_minor, open_minor, customers_lost bigint
select month, currency, sum(invoices_failed)::bigint as invoices_failed, sum(failed_minor)::bigint as failed_minor,
       sum(saved_minor)::bigint as saved_minor, sum(lost_minor)::bigint as lost_minor, sum(open_minor)::bigint as open_minor,
       sum(customers_lost)::bigint as customers_lost
from marts.involuntary_churn
group by month, currency
order by month desc, currency
