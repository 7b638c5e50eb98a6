-- A new hold on one account or one invoice.
-- in: account_id, invoice_id text (one of them null), kind text, until date, who, why text, now timestamptz
-- out: hold_id bigint
insert into dunning_holds (account_id, invoice_id, kind, until, who, why, made_at)
values (:account_id, :invoice_id, :kind, :until, :who, :why, :now)
returning hold_id
