-- Per object type, to when it was last certified complete.
-- in: nothing    out: object_type text, complete_to timestamptz
select object_type, max(complete_to) as complete_to from certificates where issued group by object_type
