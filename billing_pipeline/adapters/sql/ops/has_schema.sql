-- Whether a schema of ours was ever laid here: the name of Alembic's table, or null.
-- in: nothing    out: found regclass
select to_regclass('alembic_version') as found
