-- Invoices of the subscription's account that Stripe is collecting.
-- in: subscription_id text    out: stripe_invoice_id text
select i.stripe_invoice_id from invoices as i
join subscriptions as s on s.account_id = i.account_id
where s.subscription_id = :subscription_id and i.charger = 'stripe' and i.state in ('pending', 'overdue')
    and i.stripe_invoice_id is not null
order by i.stripe_invoice_id
