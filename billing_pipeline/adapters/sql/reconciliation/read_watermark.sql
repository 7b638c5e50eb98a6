-- How far this database knows that it was extracted: after a restore, less far than what was landed.
-- in: cluster text    out: tx_to bigint, null when nothing was extracted from it
select min(tx_to::text::bigint) as tx_to from extract_watermarks where system_identifier = :cluster
