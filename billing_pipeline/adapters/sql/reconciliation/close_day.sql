-- Closes a day; closing it again changes nothing.
-- in: day date, zone text, digest text, proof json text, at timestamptz, who text    out: nothing
insert into closed_days (day, close_zone, digest, proof, closed_at, closed_by)
values (:day, :zone, :digest, cast(:proof as jsonb), :at, :who)
on conflict (day) do nothing
