-- Charges that have ended, numbered per invoice. Whatever counts failed or successful charges counts these: an invoice that was voided owes nothing and is left out, with all its tries. attempt_no: 1 is the first charge of an invoice, 2 its first retry. decline_before: why the one before failed. Grain: one row per try.
-- in: ledger.stripe_attempts, ledger.invoices, ledger.accounts    out: table marts.tries
create or replace table marts.tries as
select
    i.invoice_id,
    i.account_id,
    a.segment,
    i.currency,
    i.due_minor,
    t.started_at,
    row_number() over one_invoice as attempt_no,
    t.outcome,
    coalesce(nullif(t.decline_code, ''), 'none') as decline_code,
    case when row_number() over one_invoice = 1 then 'first'
         else coalesce(nullif(lag(t.decline_code) over one_invoice, ''), 'none') end as decline_before
from ledger.stripe_attempts t
join ledger.invoices i on i.invoice_id = regexp_replace(t.subject, '#[0-9]+$', '')
join ledger.accounts a on a.account_id = i.account_id
where t.operation in ('charge', 'confirm') and t.outcome in ('succeeded', 'declined', 'requires_action', 'refused')
    and i.due_minor > 0 and i.state <> 'void'
window one_invoice as (partition by i.invoice_id order by t.started_at, t.attempt_id)
order by t.started_at, i.invoice_id
