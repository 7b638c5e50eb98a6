insert into legal_entities (legal_entity_id, name, country) values ('main', 'Example GmbH', 'DE');
insert into tax_rates (tax_rate_id, name, jurisdiction, rate_ppm) values ('vat', 'VAT', 'DE', 190000);
insert into plans (plan_id, name) select 'plan-' || n, 'Plan ' || n from generate_series(1, 6) as n;
insert into plans (plan_id, name) values ('seats', 'Seats');
insert into prices (price_id, plan_id, currency, scheme, interval, unit_minor)
select 'plan-' || n || '-eur', 'plan-' || n, 'eur', 'flat', 'month', 1900 + 1000 * n from generate_series(1, 6) as n;
insert into prices (price_id, plan_id, currency, scheme, interval, unit_minor)
values ('seats-eur', 'seats', 'eur', 'per_unit', 'month', 799);
insert into accounts (account_id, legal_entity_id, name, email, country, currency, invoice_prefix, tax_rate_id, created_at,
    stripe_customer_id)
select 'account-' || lpad(n::text, 8, '0'), 'main', 'Account ' || n, n || '@example.com', 'DE', 'eur', 'A' || n, 'vat',
    '2026-01-01', 'cus_' || n
from generate_series(1, {size}) as n;
insert into subscriptions (subscription_id, account_id, currency, state, interval, anchor_on, zone, started_at,
    next_period_start)
select 'subscription-' || lpad(n::text, 8, '0'), 'account-' || lpad(n::text, 8, '0'), 'eur', 'active', 'month', '2026-01-01', 'UTC', '2026-01-01',
    '2026-01-01'
from generate_series(1, {size}) as n;
insert into subscription_items (item_id, subscription_id, price_id, quantity, valid_from)
select 'subscription-' || lpad(n::text, 8, '0') || '-plan', 'subscription-' || lpad(n::text, 8, '0'), 'plan-' || (1 + n % 6) || '-eur', 1, '2026-01-01'
from generate_series(1, {size}) as n;
insert into subscription_items (item_id, subscription_id, price_id, quantity, valid_from)
select 'subscription-' || lpad(n::text, 8, '0') || '-seats', 'subscription-' || lpad(n::text, 8, '0'), 'seats-eur', 1 + n % 50, '2026-01-01'
from generate_series(1, {size}) as n
