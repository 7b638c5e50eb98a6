-- Our word for the state of invoices that Stripe billed. Overdue is pending to Stripe.
-- in: names text[]    out: name text, word text
select stripe_invoice_id as name, case when state = 'overdue' then 'pending' else state end as word
from invoices
where stripe_invoice_id = any(cast(:names as text[]))
