-- Rows of plans with these keys, as JSON.
-- in: keys text[]    out: key text, row jsonb
select plan_id as key, to_jsonb(t) as row from plans as t where plan_id = any(:keys)
