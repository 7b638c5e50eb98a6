-- Room for what is carried from one comparison to the next.
-- in: nothing    out: schema carried
create schema if not exists carried
