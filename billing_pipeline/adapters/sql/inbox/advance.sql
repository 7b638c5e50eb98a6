-- Moves a cursor, never back.
-- in: cursor text, high_water, checked_at timestamptz, detail text (JSON)    out: rows touched
insert into stripe_cursors (name, high_water, checked_at, detail)
values (:cursor, :high_water, :checked_at, cast(:detail as jsonb))
on conflict (name) do update
set high_water = greatest(stripe_cursors.high_water, excluded.high_water), checked_at = excluded.checked_at,
    detail = excluded.detail
