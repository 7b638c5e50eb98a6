-- Rows of price_tiers with these keys, as JSON.
-- in: keys text[]    out: key text, row jsonb
select price_id || '/' || tier_no as key, to_jsonb(t) as row from price_tiers as t where price_id in (select split_part(k, '/', 1) from unnest(cast(:keys as text[])) as k)
