-- Puts what an increment found in the place of what was known about the same things.
-- in: found, scope, $whole (names of the statements that looked at everything)    out: carried.findings without what is told anew
delete from carried.findings f
where list_contains($whole, f.statement)
    or f.subject in (select id from scope)
    or split_part(f.subject, ':', 2) in (select id from scope)
