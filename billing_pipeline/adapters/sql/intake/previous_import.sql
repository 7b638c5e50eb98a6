-- When a file of this kind and content was imported before, and how many of its rows were refused then.
-- in: kind text, digest text    out: imported_at timestamptz, refused bigint
select imported_at, refused from imports where kind = :kind and digest = :digest
