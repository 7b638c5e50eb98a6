-- Notes what became of a change: applied, with the invoice it made, or refused, with the reason.
-- in: change_id bigint, now timestamptz, invoice_id text or null, refused_reason text or null    out: nothing
update subscription_changes
set applied_at = case when %(refused_reason)s::text is null then %(now)s::timestamptz end,
    invoice_id = %(invoice_id)s, refused_reason = %(refused_reason)s
where change_id = %(change_id)s
