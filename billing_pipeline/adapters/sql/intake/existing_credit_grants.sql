-- Rows of credit_grants with these keys, as JSON.
-- in: keys text[]    out: key text, row jsonb
select substr(credit_grant_id, 4) as key, to_jsonb(t) as row from credit_grants as t where credit_grant_id = any(select 'cg-' || k from unnest(cast(:keys as text[])) as k)
