-- Up to when the last issued certificate of an object type reaches.
-- in: object_type text    out: complete_to timestamptz or null
select max(complete_to) as complete_to from certificates where object_type = :object_type and issued
