-- Takes an amount from a grant; the table refuses to go below zero.
-- in: credit_grant_id text, minor bigint    out: nothing
update credit_grants set remaining_minor = remaining_minor - %(minor)s where credit_grant_id = %(credit_grant_id)s
