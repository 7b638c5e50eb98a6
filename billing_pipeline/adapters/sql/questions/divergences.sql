-- What disagrees. Grain: one row per divergence, open and closed.
-- in: nothing    out: severity varchar, kind varchar, subject varchar, state varchar
select severity, kind, subject, state from reconciliation.divergences order by all
