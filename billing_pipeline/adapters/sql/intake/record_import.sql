-- Remembers an import; a file that is imported again after some rows were refused replaces what was remembered.
-- in: file, digest, kind, rows, refused, refusals json text, imported_at, imported_by    out: nothing
insert into imports (file, digest, kind, rows, refused, refusals, imported_at, imported_by)
values (:file, :digest, :kind, :rows, :refused, cast(:refusals as jsonb), :imported_at, :imported_by)
on conflict (kind, digest) do update set file = excluded.file, refused = excluded.refused, refusals = excluded.refusals,
    imported_at = excluded.imported_at, imported_by = excluded.imported_by
