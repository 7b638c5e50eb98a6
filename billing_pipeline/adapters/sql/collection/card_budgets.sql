-- Every card that was declined lately: how often, over all invoices, whoever asked for the try.
-- Declines of our own calls are told by their attempts, those of the customer and of Stripe by applied facts.
-- in: since timestamptz, limit int
-- out: fingerprint, brand, last4, account_id text, declines, by_us bigint, declined_at timestamptz[], invoices bigint
select r.fingerprint, coalesce(m.brand, '') as brand, coalesce(m.last4, '') as last4,
       coalesce(m.account_id, '') as account_id, r.declines, r.by_us, r.declined_at, r.invoices
from (
    select fingerprint, count(*) as declines, count(*) filter (where by_us) as by_us, array_agg(at) as declined_at,
           count(distinct nullif(invoice_id, '')) as invoices
    from (
        select fingerprint, outcome_at as at, split_part(subject, '#', 1) as invoice_id, true as by_us
        from stripe_attempts
        where fingerprint <> '' and outcome = 'declined' and started_at > :since
        union all
        select fingerprint, declined_at, invoice_id, false from card_declines where declined_at > :since and not by_us
    ) as tries
    group by fingerprint
) r
left join lateral (
    select brand, last4, account_id from payment_methods where fingerprint = r.fingerprint order by updated_at desc limit 1
) m on true
order by r.declines desc, r.fingerprint
limit :limit
