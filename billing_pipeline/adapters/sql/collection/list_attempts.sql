-- What was asked of Stripe for an invoice, or everything that is unknown or was refused, newest first.
-- in: invoice_id text ('' for those that want a person), limit int
-- out: started_at timestamptz, operation, subject, attempt, outcome, code, remedy, request_id text
select started_at, operation, subject, attempt,
       coalesce(outcome, 'unknown: ' || coalesce(unknown_reason, 'in flight')) as outcome,
       coalesce(nullif(codes ->> 'decline', ''), codes ->> 'code', '') as code, remedy, request_id
from stripe_attempts
where case when cast(:invoice_id as text) = '' then outcome is null or outcome = 'refused'
           else operation in ('charge', 'confirm', 'cancel')
                and subject in (select c.invoice_id || '#' || c.seq from collections c where c.invoice_id = :invoice_id) end
order by started_at desc, attempt_id desc
limit :limit
