-- Whom to write to, and in whose name.
-- in: account_id text    out: account_id, name, seller, email, locale text
select a.account_id, a.name, e.name as seller, a.email, a.locale
from accounts a join legal_entities e using (legal_entity_id)
where a.account_id = :account_id
