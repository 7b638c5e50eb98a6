-- The revision that the schema is at.
-- in: nothing    out: version_num varchar
select version_num from alembic_version
