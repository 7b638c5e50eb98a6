-- Keeps what an increment found about what it looked at.
-- in: found, scope, $whole (names of the statements that looked at everything)    out: rows of carried.findings
insert into carried.findings
select f.*
from found f
where list_contains($whole, f.statement)
    or f.subject in (select id from scope)
    or split_part(f.subject, ':', 2) in (select id from scope)
