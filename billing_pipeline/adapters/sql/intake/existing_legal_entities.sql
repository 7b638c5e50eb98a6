-- Rows of legal_entities with these keys, as JSON.
-- in: keys text[]    out: key text, row jsonb
select legal_entity_id as key, to_jsonb(t) as row from legal_entities as t where legal_entity_id = any(:keys)
