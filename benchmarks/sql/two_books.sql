-- A whole working file of two synthetic books: one paid invoice per n, booked, charged, its fee taken, its money available, 0.1 % spoilt.
-- in: $rows bigint    out: the tables of schemas ledger and stripe that the comparison reads
create or replace temp table made as
select
    n,
    'inv-' || cast(n as varchar) as invoice_id,
    'pi_' || lpad(to_base(cast(hash(n) >> 4 as bigint), 36), 14, '0') || cast(n as varchar) as intent_id,
    'ch_' || lpad(to_base(cast(hash(n + 1) >> 4 as bigint), 36), 14, '0') || cast(n as varchar) as charge_id,
    'txn_' || lpad(to_base(cast(hash(n + 2) >> 4 as bigint), 36), 14, '0') || cast(n as varchar) as txn_id,
    'acct-' || cast(n % 100000 as varchar) as account_id,
    4900 + n % 97 as amount_minor,
    172 as fee_minor,
    timestamptz '2025-01-01 00:00:00+00' + to_seconds(cast(n * 25920000 // cast($rows as bigint) as bigint)) as moment,
    case when hash(n) % 1000 = 7 then cast(hash(n) // 1000 % 5 as integer) else -1 end as fault
from range(cast($rows as bigint)) t (n);

create or replace table ledger.accounts as
select 'acct-' || cast(n as varchar) as account_id, 'cus_' || cast(n as varchar) as stripe_customer_id,
    cast(null as timestamptz) as customer_deleted_at, cast(null as timestamptz) as erased_at,
    timestamptz '2024-12-01 00:00:00+00' as created_at
from range(100000) t (n);

create or replace table stripe.customers as
select stripe_customer_id as customer_id, 'live' as state, 'usd' as currency, account_id, false as delinquent, created_at,
    created_at as fetched_at, '' as raw
from ledger.accounts;

create or replace table ledger.invoices as
select invoice_id, account_id, 'paid' as state, 'usd' as currency, amount_minor as total_minor, amount_minor as due_minor,
    amount_minor as paid_minor, 0 as credited_minor,
    cast(null as varchar) as stripe_invoice_id, moment as issued_at, moment as paid_at
from made;

create or replace table ledger.collections as
select invoice_id, 1 as seq, amount_minor, 'usd' as currency, intent_id as payment_intent_id, 'succeeded' as status,
    cast(null as timestamptz) as last_failed_at, moment as opened_at, moment as closed_at
from made where fault not in (0, 1);

create or replace table ledger.payments as
select intent_id as payment_id, account_id, invoice_id, 'card' as method, intent_id as payment_intent_id, charge_id,
    'usd' as currency, amount_minor, amount_minor as applied_minor, moment as succeeded_at, cast(null as timestamptz) as reversed_at
from made where fault not in (0, 1);

create or replace table ledger.journal_entries as
select n * 3 + k as entry_id, case k when 0 then 'payment:' || charge_id when 1 then 'fee:' || txn_id else 'available:' || txn_id end as source,
    case k when 0 then 'payment' when 1 then 'fee' else 'available' end as kind, 'usd' as currency,
    moment + to_days(cast(case k when 2 then 2 else 0 end as integer)) as occurred_at,
    cast(moment + to_days(cast(case k when 2 then 2 else 0 end as integer)) as date) as accounting_date, invoice_id, account_id
from made cross join range(3) e (k)
where fault not in (0, 1) and not (fault = 2 and k = 1);

create or replace table ledger.postings as
select n * 3 + k as entry_id, line as line_no,
    case when k = 0 then case line when 1 then 1200 else 1100 end when k = 1 then case line when 1 then 5100 else 1200 end
        else case line when 1 then 1210 else 1200 end end as ledger_account,
    case line when 1 then 1 else -1 end * case k when 0 then amount_minor when 1 then fee_minor else amount_minor - fee_minor end as minor
from made cross join range(3) e (k) cross join range(1, 3) l (line)
where fault not in (0, 1) and not (fault = 2 and k = 1);

create or replace table ledger.refunds as
select '' as refund_id, '' as charge_id, '' as currency, 0::bigint as amount_minor, '' as status, now() as created_at where false;
create or replace table ledger.disputes as
select '' as dispute_id, '' as charge_id, '' as currency, 0::bigint as amount_minor, '' as status, now() as created_at where false;
create or replace table ledger.stripe_attempts as
select n as attempt_id, 'charge' as operation, invoice_id || '#1' as subject, intent_id as object_id,
    'pi:' || invoice_id || ':1:1' as idempotency_key, case when fault = 3 then null else 'succeeded' end as outcome, moment as started_at, moment as lease_until
from made;
create or replace table ledger.waiting_facts as select '' as object_id, now() as last_received_at where false;
create or replace table ledger.bank_lines as
select '' as bank_line_id, '' as file, current_date as booked_on, '' as currency, 0::bigint as amount_minor, '' as payout_id,
    '' as payment_id where false;
create or replace table ledger.bank_matches as select '' as bank_line_id, '' as payout_id, 0::bigint as amount_minor where false;
create or replace table ledger.subscriptions as
select '' as subscription_id, '' as account_id, '' as currency, '' as state, '' as stripe_subscription_id, '' as charger, '' as mirror_state,
    now() as canceled_at, now() as started_at where false;
create or replace table ledger.planned_items as
select '' as item_id, '' as subscription_id, '' as stripe_price_id, '' as usage, 0::bigint as quantity, now() as effective_at where false;
create or replace table ledger.subscription_items as
select 0::bigint as item_id, '' as subscription_id, '' as stripe_price_id, '' as usage, 0::bigint as quantity, now() as valid_from, now() as valid_to where false;

create or replace table stripe.payment_intents as
select intent_id as payment_intent_id, 'cus_' || cast(n % 100000 as varchar) as customer_id, 'succeeded' as status, 'usd' as currency,
    amount_minor + case when fault = 4 then 1 else 0 end as amount_minor,
    amount_minor + case when fault = 4 then 1 else 0 end as received_minor, charge_id,
    case when fault = 1 then null else invoice_id end as invoice_id, account_id,
    cast(null as timestamptz) as canceled_at, moment as created_at, moment as fetched_at, '' as raw
from made;
create or replace table stripe.charges as
select charge_id, intent_id as payment_intent_id, 'cus_' || cast(n % 100000 as varchar) as customer_id, 'succeeded' as status, true as captured,
    'usd' as currency, amount_minor, amount_minor as captured_minor, 0::bigint as refunded_minor, false as disputed, cast(null as varchar) as failure_code,
    txn_id as balance_transaction_id, moment as created_at, moment as fetched_at, '' as raw
from made;
create or replace table stripe.balance_transactions as
select txn_id as balance_transaction_id, 'charge' as type, 'charge' as reporting_category, charge_id as source_id, 'usd' as currency, amount_minor,
    fee_minor, amount_minor - fee_minor as net_minor, cast(null as varchar) as exchange_rate, 'available' as status, moment as available_at, moment as created_at,
    moment as fetched_at, '' as raw
from made
