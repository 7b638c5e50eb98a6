-- Whether a charge of the invoice may still succeed: an open or unknown attempt, or an intent that Stripe processes.
-- in: invoice text    out: busy bool
select exists (
    select from stripe_attempts
    where outcome is null and operation in ('charge', 'confirm') and starts_with(subject, :invoice || '#')
) or exists (
    select from collections where invoice_id = :invoice and closed_at is null and status = 'processing'
) as busy
