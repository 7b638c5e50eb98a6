-- Forgets what was touched.
-- in: nothing    out: carried.touched, empty
delete from carried.touched
