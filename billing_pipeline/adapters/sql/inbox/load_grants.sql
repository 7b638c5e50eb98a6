-- Credits from money paid too much, by the source of the payment's entry, locked.
-- in: grants text[]    out: the columns of flows.ports.event_rows.GrantRow
select credit_grant_id, account_id, currency, amount_minor, remaining_minor, granted_at, source
from credit_grants
where source = any(cast(:grants as text[]))
order by credit_grant_id
for no key update
