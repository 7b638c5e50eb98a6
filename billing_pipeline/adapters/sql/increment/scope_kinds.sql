-- What kinds of things an increment begins with. Grain: one row per kind.
-- in: scope    out: kind text
select distinct kind from scope
